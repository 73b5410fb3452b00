"""`python -m service`: serve, work, migrate, reindex, keys, review, set-aside, exclude."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import uvicorn

from service import worker
from service.app import create_app, create_context
from service.domain.actor import Role
from service.domain.errors import InvalidRequest, ServiceError
from service.edge.incoming import EntryIn
from service.settings import InvalidSetting, Settings, read
from service.workflows import exclude, keyring, review, second_try
from service.workflows.context import Context

CONNECTIONS = 500
"""Requests served at the same time; further ones are answered with 503."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    os.umask(0o077)  # only this user may read what is stored
    _log_to_stderr()
    arguments = _parser().parse_args(argv)
    try:
        settings = read(os.environ)
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
    print(f"Takeback listens on http://{settings.host}:{settings.port}", file=sys.stderr)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        access_log=False,  # it would contain network addresses
        log_config=None,
        server_header=False,
        limit_concurrency=CONNECTIONS,
    )


def _work(settings: Settings, _arguments: argparse.Namespace) -> None:
    context, stop = create_context(settings), threading.Event()

    def end(*_: object) -> None:
        stop.set()
        context.work_waits.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    with closing(context.database):
        context.replica.load()
        worker.run(context, stop)


def _migrate(settings: Settings, _arguments: argparse.Namespace) -> None:
    _migrate_store(settings)
    print("The tables are current.")


def _reindex(settings: Settings, _arguments: argparse.Namespace) -> None:
    """Rebuild the index from the store, and print its size. Running servers load the new one."""
    with _unloaded_context(settings) as context:
        context.replica.load(anew=True)
        for each in context.replica.searcher.statistics():
            print(f"{each.space:9} {each.signal_type:6} {each.signals:12,} signals")


def _keys_create(settings: Settings, arguments: argparse.Namespace) -> None:
    with _unloaded_context(settings) as context:
        print(keyring.create(context, Role(arguments.role), arguments.name, _today()))
    print("This is the only time this key is shown. Keep it secret.", file=sys.stderr)


def _keys_list(settings: Settings, _arguments: argparse.Namespace) -> None:
    with _unloaded_context(settings) as context:
        keys = keyring.listed(context)
    for key in keys:
        state = f"revoked {key.revoked_on}" if key.revoked_on else "live"
        print(f"{key.key_id}  {key.role:8}  {key.created_on}  {state:18}  {key.name}")


def _keys_revoke(settings: Settings, arguments: argparse.Namespace) -> None:
    with _unloaded_context(settings) as context:
        keyring.revoke(context, arguments.key_id, _today())
    print("Revoked.")


def _review_list(settings: Settings, _arguments: argparse.Namespace) -> None:
    with _unloaded_context(settings) as context:
        waiting = review.held(context)
    for held in waiting:
        feedback = ", ".join(held.feedback) or "no feedback"
        print(f"{held.entry.id:8}  {held.entry.kind:7}  {held.reason:12}  {feedback}")


def _review_release(settings: Settings, arguments: argparse.Namespace) -> None:
    with _unloaded_context(settings) as context:
        review.release(context, arguments.entry)
    print("Released: it is matched again.")


def _review_keep(settings: Settings, arguments: argparse.Namespace) -> None:
    with _unloaded_context(settings) as context:
        review.keep(context, arguments.entry)
    print("Kept: it stays held.")


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
    with _unloaded_context(settings) as context:
        count = exclude.exclude(context, _contents(arguments.file), _today())
    print(f"{count} new signals excluded.")


def _contents(path: Path) -> Iterator[Any]:
    """Parse the output of `takeback hash --json`: a file on each line; skip those with an error."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise InvalidRequest(f"{path} cannot be read.") from err
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
            record.pop("path", None)
            if "error" not in record:
                yield EntryIn.model_validate(record).value()
        except (ValueError, AttributeError, TypeError) as err:
            raise InvalidRequest(f"Line {number} is not one of `takeback hash --json`.") from err


def _entry_id(text: str) -> int:
    """Parse an entry id, which both databases store as 64 bits."""
    number = int(text)
    if not 0 < number < 2**63:
        raise ValueError
    return number


@contextmanager
def _unloaded_context(settings: Settings) -> Iterator[Context]:
    """Give a context without an index, for commands that search nothing. Raises NotReady."""
    context = create_context(settings)
    with closing(context.database):
        context.replica.require_current()
        yield context


def _migrate_store(settings: Settings) -> None:
    with closing(create_context(settings).database) as database:
        database.migrate()


def _today() -> date:
    return datetime.now(UTC).date()


class _JsonLines(logging.Formatter):
    """A JSON object on each line: time, level, logger, message, and the extra fields in FIELDS."""

    FIELDS = ("route", "method", "status", "ms", "error", "place", "signals", "job")

    def format(self, record: logging.LogRecord) -> str:
        extra = {name: getattr(record, name) for name in self.FIELDS if hasattr(record, name)}
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds")
        line = {"at": at, "level": record.levelname, "from": record.name, **extra}
        if record.name.startswith("service"):
            line["says"] = record.getMessage()
        return json.dumps(line)


def _log_to_stderr() -> None:
    """Set up logging. Of other libraries only the fact of a warning: its text may hold anything."""
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("service").setLevel(logging.INFO)


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
    keys.add_parser("list", help="show every key but its secret").set_defaults(run=_keys_list)
    revoke = keys.add_parser("revoke", help="make a key useless")
    revoke.add_argument("key_id", help="as `keys list` shows it")
    revoke.set_defaults(run=_keys_revoke)
    _review_parser(commands)
    _set_aside_parser(commands)
    excluded = commands.add_parser("exclude", help="never match public or plain content")
    excluded.add_argument("file", type=Path, help="output of `takeback hash --json`")
    excluded.set_defaults(run=_exclude)
    return parser


def _review_parser(commands: Any) -> None:  # noqa: ANN401 (argparse names this type privately)
    actions = commands.add_parser("review", help="entries held for review").add_subparsers(
        required=True, metavar="ACTION"
    )
    actions.add_parser("list", help="show what waits").set_defaults(run=_review_list)
    for name, run, text in (
        ("release", _review_release, "match it again"),
        ("keep", _review_keep, "leave it held"),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument("entry", type=_entry_id, help="as `review list` shows it")
        action.set_defaults(run=run)


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
