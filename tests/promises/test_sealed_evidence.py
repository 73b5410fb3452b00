"""What owners keep as evidence can be read on no machine of the service, not even in its memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo.server import Service
from hashing.evidence.record import Record
from hashing.evidence_calls import EvidenceClient
from hashing.passphrase import derive, new_passphrase

if TYPE_CHECKING:
    from tests.promises.conftest import Submission

SECRET = "planted-words-that-only-the-owner-may-read"
NAME = "planted-name-of-a-file.pdf"
PLATFORM = "planted-platform.example"
BLOCK, OVERLAP = 2**24, 2**10


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    one = Service(tmp_path / "state", WORK_PIECES="0", EVIDENCE_FREE_MIB="0")
    one.start()
    yield one
    one.stop()


def memory_of(pid: int) -> Iterator[bytes]:
    """All that a process has in its memory, in overlapping blocks, but for those of zeros."""
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in maps:
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if found is None:
                continue
            begin, end = (int(one, 16) for one in found.groups())
            for at in range(begin, end, BLOCK):
                memory.seek(at)
                try:
                    block = memory.read(min(BLOCK + OVERLAP, end - at))
                except OSError:  # a mapping of a device
                    break
                if block.strip(b"\0"):
                    yield block


@pytest.mark.enable_socket
def test_a_planted_secret_is_in_no_store_folder_log_or_memory(
    service: Service, submission: Submission, tmp_path: Path
) -> None:
    passphrase = new_passphrase()
    keys = derive(passphrase)
    opened = {**submission(1), "access_key": keys.access.hex()}
    number = service.ask("POST", "/v1/cases", opened)[1]["case_number"]
    client = EvidenceClient(service.address, passphrase, number)
    file = tmp_path / NAME
    file.write_bytes(SECRET.encode() * 40_000)
    attached = client.attach(file, NAME, "application/pdf")
    now = datetime.now(UTC).replace(microsecond=0)
    made = Record("post", now, platform=PLATFORM, note=SECRET, files=(attached,))
    record_id, _ = client.keep(made, client.evidence())
    assert client.record(record_id) == replace(made, signer=client.keys.signer())
    client.save(attached, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == file.read_bytes()
    planted = {
        *(b"planted-", passphrase.encode()),
        *(keys.vault, client.keys.secret, client.keys.record_key(record_id)),
        client.keys.file_key(attached.id, attached.sha256),
        bytes.fromhex(attached.sha256),
    }
    there: set[bytes] = set()
    control = number.encode()  # what the service does know is found, so that looking there works
    known = False
    for part in memory_of(service.pid):
        there |= {one for one in planted if one in part}
        known = known or control in part
    assert known
    service.stop()
    stored = [path for path in service.state.rglob("*") if path.is_file()]
    assert any("evidence" in path.parts for path in stored)
    for path in (*stored, Path(service.state.parent / f"{service.state.name}.log")):
        content = path.read_bytes()
        there |= {one for one in planted if one in content or one in path.name.encode()}
    assert not there
    assert '"route": "/v1/case/evidence/records/{id}"' in service.log
    for one in (record_id, attached.id, attached.root, number):
        assert one not in service.log
