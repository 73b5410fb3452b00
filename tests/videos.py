"""Videos that are long without having been encoded for long."""

from __future__ import annotations

from pathlib import Path

import av


def lengthened(source: Path, target: Path, times: int) -> Path:
    """The same video over and over, not encoded again."""
    with av.open(str(source)) as read, av.open(str(target), "w") as written:
        stream = read.streams.video[0]
        packets = [packet for packet in read.demux(stream) if packet.dts is not None]
        copied = written.add_stream_from_template(stream)
        length = sum(packet.duration or 0 for packet in packets)
        assert stream.time_base
        for again in range(times):
            for packet in packets:
                copy = av.Packet(bytes(packet))
                copy.stream, copy.time_base = copied, stream.time_base
                copy.pts = (packet.pts or 0) + again * length
                copy.dts = (packet.dts or 0) + again * length
                copy.is_keyframe = packet.is_keyframe
                written.mux(copy)
    return target
