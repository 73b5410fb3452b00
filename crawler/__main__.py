"""python -m crawler look ADDRESS… | import FILE | run | status."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tqdm import tqdm

from crawler import lists, settings
from crawler.egress.addresses import parsed
from crawler.frontier import crawlers, outbox, watches
from crawler.frontier.opening import opened
from crawler.frontier.sealing import WrongKey
from crawler.frontier.store import MEMORY, Store
from crawler.frontier.transactions import Away, Frontier, InUse, Tx, Unusable, WrongVersion
from crawler.frontier.watches import Scope
from crawler.logs import configure, log
from crawler.meters import Meters
from crawler.outcomes import FetchError, Outcome
from crawler.reporting.submitting import KeyRefused, Reporter, Service, service
from crawler.running import Crawl
from crawler.settings import InvalidSetting, Settings
from crawler.visiting import Visited
from hashing.errors import DeviceError
from hashing.printable import printable

_KEY = "TAKEBACK_KEY"
"""As the command line of platforms has it."""
_INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells give it."""
_OF_THE_FRONTIER = (WrongVersion, WrongKey, InUse, Unusable, Away)
_ADDED = 1000
"""Watches that are added in one transaction: one of 100,000 would hold up crawlers that share."""
_THREADS = 32
"""Some wait for a shared frontier that is away: there are always others, for names of hosts."""
_TRIES = 4
"""Failures in a row after which `look` submits no more: what it saw ends with it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code."""
    options = _parser().parse_args(arguments)
    if sys.platform != "linux":
        print("The crawler runs on Linux only: its children are confined by it.", file=sys.stderr)
        return 2
    try:
        return int(options.command(options, settings.read()))
    except (InvalidSetting, lists.InvalidList, *_OF_THE_FRONTIER) as err:
        print(err.args[0] if err.args else type(err).__doc__, file=sys.stderr)
    except (DeviceError, KeyRefused) as err:
        print(str(err) or type(err).__doc__, file=sys.stderr)
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m crawler", description=__doc__)
    commands = parser.add_subparsers(required=True)

    look = commands.add_parser("look", help="look at addresses now, and say what is there")
    look.add_argument("addresses", nargs="+", metavar="ADDRESS")
    look.add_argument("--scope", type=Scope, choices=list(Scope), default=Scope.PAGE)
    look.add_argument("--depth", type=int, choices=range(6), default=1)
    look.add_argument("--json", action="store_true", help="one JSON object a line")
    look.add_argument("--server", help=f"submit what was seen; the key is in {_KEY}")
    look.set_defaults(command=_look)

    imported = commands.add_parser("import", help="watch the addresses of a file")
    imported.add_argument("file", type=Path)
    imported.set_defaults(command=_import)

    run = commands.add_parser("run", help="visit what is due, until it is stopped")
    run.add_argument("--once", action="store_true", help="end when nothing is due")
    run.add_argument("--server", help=f"submit what was seen; the key is in {_KEY}")
    run.set_defaults(command=_run)

    status = commands.add_parser("status", help="say what is watched, and how it was last")
    status.set_defaults(command=_status)
    return parser


def _look(options: argparse.Namespace, chosen: Settings) -> int:
    configure(quiet=True)
    to = _service(options.server)
    store = Store(MEMORY)
    failed = _watched(store, options, chosen)

    def tell(visited: Visited) -> None:
        with store.read() as tx:
            seen = outbox.of_visit(tx, visited.visit)
        lists.show(visited, seen, as_json=options.json)
        failed.extend([visited.watch.address] * (visited.judged.outcome is Outcome.FAULT))

    if asyncio.run(_until_stopped(Crawl(chosen, store, tell, Meters()), once=True)):
        return _INTERRUPTED
    if to:  # after they were shown: what is acknowledged is gone from the outbox
        _submit_all(Reporter(store, to))
    with store.read() as tx:
        unseen = [watch.address for watch in watches.every(tx) if watch.outcome is None]
    for address in unseen:
        print(f"{printable(address)}: not looked at, by a mistake of ours", file=sys.stderr)
    return 1 if failed or unseen else 0


def _watched(store: Store, options: argparse.Namespace, chosen: Settings) -> list[str]:
    """Add what is to be looked at. Returns what cannot be."""
    failed = []
    for text in options.addresses:
        try:
            address = parsed(text, loopback=chosen.loopback).url
        except FetchError as err:
            lists.show_error(text, err, as_json=options.json)
            failed.append(text)
            continue
        with store.write() as tx:
            watches.add(tx, address, options.scope, options.depth, now=0)
    return failed


def _submit_all(reporter: Reporter) -> None:
    tries = 0
    while (wait := reporter.submit()) >= 0 and tries < _TRIES:
        tries = tries + 1 if wait else 0
        time.sleep(wait)
    print(f"Submitted: {reporter.acknowledged}. Refused: {reporter.refused}.", file=sys.stderr)
    if wait >= 0:
        print("The service does not answer: the rest was not submitted.", file=sys.stderr)


def _import(options: argparse.Namespace, chosen: Settings) -> int:
    store = _store(chosen)
    wanted, minors = lists.read(options.file, loopback=chosen.loopback)
    now = int(time.time())

    def add(some: Sequence[lists.Wanted], tx: Tx) -> int:
        return sum(watches.add(tx, each.address, each.scope, each.depth, now=now) for each in some)

    new = sum(
        store.change(partial(add, wanted[at : at + _ADDED])) for at in range(0, len(wanted), _ADDED)
    )
    store.close()
    print(f"Watched: {len(wanted)}, of these new: {new}.")
    if minors:
        print(lists.MINORS.format(count=minors), file=sys.stderr)
    return 0


def _run(options: argparse.Namespace, chosen: Settings) -> int:
    bar = tqdm(unit=" visits", disable=not sys.stderr.isatty())
    configure(quiet=not bar.disable)
    to = _service(options.server)
    store = _store(chosen)
    store.claim()
    if number := store.crawler:
        log.info("this is crawler %d of a frontier that several share", number)
    meters = Meters()
    if chosen.metrics_port:
        meters.serve(chosen.metrics_port)

    def tell(visited: Visited) -> None:
        del visited
        bar.update()

    reporter = Reporter(store, to) if to else None
    try:
        asyncio.run(
            _until_stopped(
                Crawl(chosen, store, tell, meters, reporter, leases_from=to), once=options.once
            )
        )
    finally:
        bar.close()
        store.close()
    return 0


async def _until_stopped(crawl: Crawl, *, once: bool) -> bool:
    """Crawl, and return whether somebody has stopped it: by Ctrl-C or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(_THREADS))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await crawl.run(once=once, stop=stop)
    return stop.is_set()


def _status(_options: argparse.Namespace, chosen: Settings) -> int:
    store = _store(chosen)
    with store.read() as tx:
        lists.show_status(watches.every(tx), *outbox.counts(tx), now=int(time.time()))
        if store.shared:
            lists.show_crawlers(crawlers.every(tx))
    store.close()
    return 0


def _store(chosen: Settings) -> Frontier:
    secret = bytes.fromhex(chosen.secret) or None
    key_file = Path(chosen.key_file) if chosen.key_file else None
    return opened(chosen.state, secret=secret, key_file=key_file)


def _service(server: str | None) -> Service | None:
    """Return where to submit. Raises InvalidSetting without a key."""
    if not server:
        return None
    if not (key := os.environ.get(_KEY)):
        raise InvalidSetting(f"Set {_KEY} to the crawler's key of this service.")
    return service(server, key)


if __name__ == "__main__":
    sys.exit(main())
