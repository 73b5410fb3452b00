"""`takeback verify` and `takeback evidence pack`: packs of evidence, checked and made.

Neither needs the network. What checks needs nothing of whoever made the pack.
"""
# ruff: noqa: PLC0415 (what reads and makes packs takes a moment to load, and --help needs none of it)

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from hashing import asking, pack_report
from hashing.errors import DeviceError, DocumentSupportMissing, InvalidEvidence, NoPack, Unreadable
from hashing.printable import printable
from hashing.terminal import bytes_bar, remark, write

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from hashing.evidence.pack import Choices, MakePdf
    from hashing.evidence.sources import FolderSource

CHANGED = 1
NO_PACK = 2
_MAX_ROOTS = 16 << 20
"""Bytes: all roots that a browser trusts have a tenth of it."""


def add_verify(parser: argparse.ArgumentParser) -> None:
    """Add the options of `takeback verify`."""
    parser.add_argument("pack", type=Path, metavar="PACK", help="the zip, as you got it")
    parser.add_argument(
        "--roots",
        type=Path,
        metavar="FILE",
        help="root certificates (PEM) of the authorities for time stamps that you trust",
    )
    parser.add_argument(
        "--signer", metavar="KEY", help="the key that the owner of the pack gave you"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_pack(parser: argparse.ArgumentParser) -> None:
    """Add the options of `takeback evidence pack`."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where evidence was exported")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the zip to write")
    parser.add_argument(
        "--leave-out",
        type=int,
        action="append",
        default=[],
        metavar="N",
        help="an item that nobody is to see; the pack says that it is left out; may be repeated",
    )
    parser.add_argument(
        "--not-done",
        action="append",
        default=[],
        metavar="TEXT",
        help="for the letter: what you asked for and was not done; may be repeated",
    )
    parser.add_argument("--text-only", action="store_true", help="no PDF beside the text files")
    parser.add_argument(
        "--font",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a font for letters that the PDF lacks; may be repeated",
    )


def verify(args: argparse.Namespace) -> int:
    """Say whether a pack is as it was made: 0 it is, 1 something was changed, 2 it is no pack."""
    from hashing.evidence.verification import Expected, verify

    try:
        roots = _roots(args.roots)
        expected = Expected(roots, args.signer.lower() if args.signer else None)
        with args.pack.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            with _counted(size, "Checking") as show:
                found = verify(stream, expected, show)
    except OSError as err:
        return _no_pack(args.pack, Unreadable(err.strerror))
    except (NoPack, InvalidEvidence) as err:
        return _no_pack(args.pack, err)
    if args.json:
        write(json.dumps(pack_report.verified_document(found), indent=2))
    else:
        for line in pack_report.verified_lines(found, key_given=bool(args.signer)):
            write(line)
    return CHANGED if found.faults else 0


def pack(args: argparse.Namespace) -> int:
    """Make a pack of an exported vault."""
    from hashing.evidence import pack
    from hashing.evidence.keys import EvidenceKeys
    from hashing.evidence.sources import FolderSource
    from hashing.passphrase import derive

    source = FolderSource(args.folder)
    choices = _choices(args, source)
    if args.out.exists():
        raise InvalidEvidence(pack_report.EXISTS.format(path=printable(str(args.out))))
    keys = EvidenceKeys.of(derive(asking.passphrase()).vault)
    partial = args.out.with_name(f"{args.out.name}.part")
    try:
        with partial.open("w+b") as out, _counted(source.size(), "Packing") as show:
            made = pack.build(source, keys, out, choices=choices, progress=show)
        partial.replace(args.out)
    except OSError as err:
        raise Unreadable(f"The pack could not be written: {err.strerror}.") from err
    finally:
        partial.unlink(missing_ok=True)
    for line in pack_report.left_out_lines([(each.sequence, each.why) for each in made.left_out]):
        remark(line)
    path, size = printable(str(args.out)), args.out.stat().st_size
    items = len(made.records)
    write(pack_report.MADE.format(path=path, items=items, size=size, signer=made.signer))
    remark(pack_report.KEEP_KEY)
    return 0


def _choices(args: argparse.Namespace, source: FolderSource) -> Choices:
    from hashing.evidence.pack import Choices

    ids = {each.entry.sequence: each.entry.id for each in source.links}
    for n in args.leave_out:
        if n not in ids:
            raise InvalidEvidence(pack_report.NO_SUCH_ITEM.format(n=n))
    return Choices(
        datetime.now(UTC).replace(microsecond=0),
        made_by=f"takeback {metadata.version('takeback')}",
        without=frozenset(ids[n] for n in args.leave_out),
        not_done=tuple(args.not_done),
        make_pdf=_make_pdf(args),
    )


def _make_pdf(args: argparse.Namespace) -> MakePdf | None:
    """Return what makes PDF; nothing where that is not installed."""
    from hashing.evidence.documents import as_pdf, installed_fonts

    if args.text_only:
        return None
    try:
        fonts = installed_fonts(args.font)
    except DocumentSupportMissing as err:
        remark(pack_report.NO_PDF.format(why=err))
        return None
    return lambda blocks, made_at: as_pdf(blocks, made_at, fonts)


def _roots(path: Path | None) -> tuple[Certificate, ...]:
    from hashing.evidence.stamps import load_roots

    if path is None:
        return ()
    with path.open("rb") as stream:
        return load_roots(stream.read(_MAX_ROOTS))


def _no_pack(path: Path, why: DeviceError) -> int:
    remark(pack_report.NO_PACK.format(path=printable(str(path)), why=why))
    return NO_PACK


@contextmanager
def _counted(total: int, title: str) -> Iterator[Callable[[int], None]]:
    """Show how far it is; what this yields is called with the bytes of each part."""
    done = 0
    with bytes_bar(total, title) as show:

        def add(size: int) -> None:
            nonlocal done
            done = min(total, done + size)
            show(done)

        yield add
