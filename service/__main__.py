"""`python -m service`: serve and work, and what an operator does beside (see `--help`)."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from service import files, lists, logs, server, worker
from service.app import VERSION, create_app, create_context
from service.domain import watch
from service.domain.actor import Role
from service.domain.errors import ServiceError
from service.domain.watch import Scope
from service.settings import STORE, InvalidSetting, Settings, has_secret, read, usable_state
from service.store.database import Database
from service.workflows import exclude, keyring, recognise, review, second_try, watching
from service.workflows.context import Context

log = logging.getLogger("service.__main__")  # its own name would be __main__


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    os.umask(0o077)  # only this user may read what is stored
    logs.to_stderr()
    arguments = _parser().parse_args(argv)
    try:
        settings = read(os.environ)
        makes = arguments.run in {_serve, _migrate}
        if not settings.database_url and not makes:
            _require_store(settings)
        if not settings.database_url:
            _migrate_store(settings)  # the embedded store is migrated at every start
        arguments.run(settings, arguments)
    except (ServiceError, InvalidSetting) as err:
        print(f"service: {err}", file=sys.stderr)
        return 1
    return 0


def _serve(settings: Settings, _arguments: argparse.Namespace) -> None:
    with _unloaded_context(settings):
        pass  # reports a wrong or unreachable store before the server starts
    server.serve(create_app(settings), settings)


def _work(settings: Settings, _arguments: argparse.Namespace) -> None:
    context, stop = _recognised_context(settings), threading.Event()

    def end(*_: object) -> None:
        server.end_soon()
        stop.set()
        context.work_waits.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    with closing(context.database):
        context.replica.load()
        log.info("working", extra={"version": VERSION})
        worker.run(context, stop)
        log.info("ended", extra={"version": VERSION})


def _migrate(settings: Settings, _arguments: argparse.Namespace) -> None:
    _migrate_store(settings)
    with _unloaded_context(settings):
        pass  # makes the secret of a new store, or reports a wrong one
    print("The tables are current.")


def _reindex(settings: Settings, _arguments: argparse.Namespace) -> None:
    """Rebuild the index from the store, and print its size. Running servers load the new one."""
    with _unloaded_context(settings) as context:
        context.replica.load(anew=True)
        for each in context.replica.searcher.statistics():
            print(f"{each.space:9} {each.signal_type:6} {each.signals:12,} signals")


def _keys_create(settings: Settings, arguments: argparse.Namespace) -> None:
    role, name = Role(arguments.role), arguments.name
    with _unloaded_context(settings) as context:
        known = keyring.holder(context, role, name)
        print(keyring.create(context, role, name, _today()))
    print(lists.holder_line(role, name, known), file=sys.stderr)
    print("This is the only time this key is shown. Keep it secret.", file=sys.stderr)


def _keys_list(settings: Settings, _arguments: argparse.Namespace) -> None:
    with _unloaded_context(settings) as context:
        keys = keyring.listed(context)
    for line in lists.key_lines(keys):
        print(line)


def _keys_revoke(settings: Settings, arguments: argparse.Namespace) -> None:
    with _unloaded_context(settings) as context:
        keyring.revoke(context, arguments.key_id, _today())
    print("Revoked.")


def _review_list(settings: Settings, arguments: argparse.Namespace) -> None:
    with _loaded_context(settings) as context:
        waiting = review.waiting(context)
        for one in islice(waiting, arguments.most):
            for line in lists.waiting_lines(one):
                print(line)
        if next(waiting, None):
            print(f"There are more than these {arguments.most}: give --most a larger number.")


def _review_release(settings: Settings, arguments: argparse.Namespace) -> None:
    with _unloaded_context(settings) as context:
        review.release(context, arguments.entry, _today())
    print("Released: it is matched.")


def _review_keep(settings: Settings, arguments: argparse.Namespace) -> None:
    with _unloaded_context(settings) as context:
        review.keep(context, arguments.entry, _today())
    print("Kept: it stays held.")


def _review_hold(settings: Settings, arguments: argparse.Namespace) -> None:
    with _unloaded_context(settings) as context:
        review.hold(context, arguments.entry, _today())
    print("Held: it is matched no more.")


def _set_aside_list(settings: Settings, _arguments: argparse.Namespace) -> None:
    with _unloaded_context(settings) as context:
        waiting = second_try.listed(context)
    for one in waiting:
        where = f"{one.subject.space:8}  {one.subject.id:8}"
        print(f"{where}  {one.day}  {one.attempts:3} attempts  {one.error}")


def _set_aside_retry(settings: Settings, _arguments: argparse.Namespace) -> None:
    with _unloaded_context(settings) as context:
        count = second_try.request(context)
    print(f"{count} contents will be tried again by the worker within ten minutes.")


def _exclude(settings: Settings, arguments: argparse.Namespace) -> None:
    contents = list(files.contents(arguments.file))
    with _loaded_context(settings) as context:
        held = exclude.would_hold(context, contents)
        count = exclude.exclude(context, contents, _today())
    print(f"{count} new signals excluded.")
    if held:
        print(f"Entries that are matched no more because of it: {held}. Is all of it public, each")
        print("frame of a video too? If not: python -m service exclusions list, then remove.")


def _exclusions_list(settings: Settings, _arguments: argparse.Namespace) -> None:
    with _unloaded_context(settings) as context:
        exclusions = exclude.listed(context)
    for exclusion in exclusions:
        print(lists.exclusion_line(exclusion))


def _exclusions_remove(settings: Settings, arguments: argparse.Namespace) -> None:
    with _loaded_context(settings) as context:
        removed = exclude.remove(context, arguments.exclusion)
    print(f"Removed: {removed.signals} signals. Entries matched again: {removed.released}.")


def _watches_import(settings: Settings, arguments: argparse.Namespace) -> None:
    with _unloaded_context(settings) as context:
        how = {"scope": Scope(arguments.scope), "depth": arguments.depth}
        here = settings.watch_loopback
        targets = [watch.target(one, loopback=here, **how) for one in files.lines(arguments.file)]
        for each in targets:
            watching.add_for_operator(context, each, _today())
    print(f"{len(targets)} addresses will be looked at.")


def _watches_status(settings: Settings, _arguments: argparse.Namespace) -> None:
    with _unloaded_context(settings) as context:
        for line in lists.watch_lines(watching.counts(context)):
            print(line)


def _watches_release(settings: Settings, arguments: argparse.Namespace) -> None:
    with _unloaded_context(settings) as context:
        watching.release(context, watch.target(arguments.address))
    print("Released: it is looked at again, where anybody asks.")


def _row_id(text: str) -> int:
    """Parse the id of an entry or exclusion, which both databases store as 64 bits."""
    number = int(text)
    if not 0 < number < 2**63:
        raise ValueError
    return number


@contextmanager
def _unloaded_context(settings: Settings) -> Iterator[Context]:
    """Give a context without an index, for commands that search nothing.

    Raises NotReady, or InvalidSetting if its secret is missing or is not that of the store.
    """
    context = _recognised_context(settings)
    with closing(context.database):
        yield context


@contextmanager
def _loaded_context(settings: Settings) -> Iterator[Context]:
    """Give a context with its index, for commands that search. Raises NotReady."""
    with _unloaded_context(settings) as context:
        context.replica.load()
        yield context


def _recognised_context(settings: Settings) -> Context:
    """Return a context whose store is of this version, and was opened with this secret before."""
    if not has_secret(settings):
        with closing(Database(settings.database)) as database:
            recognise.require_no_secret(database)
    with usable_state(settings):
        context = create_context(settings)
    try:
        context.replica.require_current()
        recognise.require_secret(context)
    except BaseException:
        context.database.close()
        raise
    return context


def _require_store(settings: Settings) -> None:
    """Raise InvalidSetting if there is no embedded store: most commands make none."""
    with usable_state(settings):
        exists = (settings.state / STORE).exists()
    if not exists:
        raise InvalidSetting(
            f"There is no store in {settings.state.absolute()}. Set TAKEBACK_STATE to the folder "
            "of the service, or make a store with `serve` or `migrate`."
        )


def _migrate_store(settings: Settings) -> None:
    with closing(Database(settings.database)) as database:
        database.migrate()


def _today() -> date:
    return datetime.now(UTC).date()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m service", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, text in (
        ("serve", _serve, "answer HTTP requests"),
        ("work", _work, "do the worker's work, where `serve` does not"),
        ("migrate", _migrate, "bring the tables to this version"),
        ("reindex", _reindex, "read the whole bank anew from the store"),
    ):
        commands.add_parser(name, help=text).set_defaults(run=run)
    keys = commands.add_parser("keys", help="keys of platforms and crawlers").add_subparsers(
        required=True, metavar="ACTION"
    )
    create = keys.add_parser("create", help="make a key and show it once")
    create.add_argument("--role", required=True, choices=list(Role))
    create.add_argument("--name", required=True, help="what owners will read")
    create.set_defaults(run=_keys_create)
    listing = keys.add_parser("list", help="show every platform's keys, but not their secrets")
    listing.set_defaults(run=_keys_list)
    revoke = keys.add_parser("revoke", help="make a key useless")
    revoke.add_argument("key_id", help="as `keys list` shows it")
    revoke.set_defaults(run=_keys_revoke)
    _review_parser(commands)
    _set_aside_parser(commands)
    excluded = commands.add_parser("exclude", help="never match public or plain content")
    excluded.add_argument("file", type=Path, help="output of `takeback hash --json`")
    excluded.set_defaults(run=_exclude)
    _exclusions_parser(commands)
    _watches_parser(commands)
    return parser


def _review_parser(commands: Any) -> None:  # noqa: ANN401 (argparse names this type privately)
    actions = commands.add_parser("review", help="entries that wait for a person").add_subparsers(
        required=True, metavar="ACTION"
    )
    listing = actions.add_parser("list", help="show what waits, and all that is known to decide")
    listing.add_argument("--most", type=_row_id, default=100, help="show so many (100)")
    listing.set_defaults(run=_review_list)
    for name, run, text in (
        ("release", _review_release, "match it: again if it is held, further if it is not"),
        ("keep", _review_keep, "leave it held"),
        ("hold", _review_hold, "match it no more, for anybody, until it is released"),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument("entry", type=_row_id, help="as `review list` shows it")
        action.set_defaults(run=run)


def _exclusions_parser(commands: Any) -> None:  # noqa: ANN401 (the same)
    actions = commands.add_parser("exclusions", help="what was excluded").add_subparsers(
        required=True, metavar="ACTION"
    )
    actions.add_parser("list", help="show each content").set_defaults(run=_exclusions_list)
    remove = actions.add_parser("remove", help="undo: match again what it alone had held")
    remove.add_argument("exclusion", type=_row_id, help="as `exclusions list` shows it")
    remove.set_defaults(run=_exclusions_remove)


def _watches_parser(commands: Any) -> None:  # noqa: ANN401 (the same)
    actions = commands.add_parser("watches", help="addresses that crawlers look at").add_subparsers(
        required=True, metavar="ACTION"
    )
    several = actions.add_parser("import", help="have the addresses of a file looked at")
    several.add_argument("file", type=Path, help="an address on each line")
    several.add_argument("--scope", choices=list(Scope), default=Scope.PAGE)
    several.add_argument("--depth", type=int, choices=range(watch.MAX_DEPTH + 1), default=0)
    several.set_defaults(run=_watches_import)
    status = actions.add_parser("status", help="count what is looked at, due, and withheld")
    status.set_defaults(run=_watches_status)
    release = actions.add_parser("release", help="look at an address that somebody had withheld")
    release.add_argument("address", help="which does not show anybody under 18")
    release.set_defaults(run=_watches_release)


def _set_aside_parser(commands: Any) -> None:  # noqa: ANN401 (argparse names this type privately)
    actions = commands.add_parser(
        "set-aside", help="what the worker could not compare"
    ).add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="show space, id, last day, attempts and error")
    listing.set_defaults(run=_set_aside_list)
    retry = actions.add_parser("retry", help="have all of it tried again")
    retry.set_defaults(run=_set_aside_retry)


if __name__ == "__main__":
    sys.exit(main())
