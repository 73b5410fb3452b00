"""An owner has an address looked at, in the terminal; a crawler looks; the operator counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from demo import server
from demo.server import Service
from hashing import OwnerClient, Submission, cli, hash_file
from hashing.passphrase import new_passphrase
from hashing.submission import Eligibility, content_document

pytestmark = pytest.mark.enable_socket

ADDRESS = "https://forum.example/threads/12"
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with server.running(tmp_path_factory.mktemp("state"), WORK_PIECES="0") as running:
        yield running


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    drawn = Image.new("RGB", (300, 200), "white")
    pen = ImageDraw.Draw(drawn)
    for n in range(40):
        x, y = 37 * n * n % 300, 53 * n * n * n % 200
        pen.ellipse((x, y, x + 30 + n, y + 20 + n), fill=(7 * n % 256, 90, 200 - 3 * n))
    drawn.save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


def takeback(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert isinstance(caught.value.code, int)
    return caught.value.code


def watch(service: Service, number: str, action: str, *more: str) -> int:
    return takeback("watch", action, "--server", service.address, "--case", number, *more)


def visit(service: Service, credential: str, outcome: str, *items: dict[str, Any]) -> str:
    """Do what a crawler does: lease, look, hand in, report. Return the address it was given."""
    ask = service.ask
    status, leased = ask("POST", "/v1/watches/lease", {"limit": 10}, credential)
    assert status == 200, leased
    (one,) = leased["watches"]
    on = {"watch": one["watch"], "lease": one["lease"]}
    seen = [{"address": one["address"], **item, **on} for item in items]
    if seen:
        status, kept = ask("POST", "/v1/observations", {"observations": seen}, credential)
        assert (status, kept) == (200, {"kept": len(seen)})
    body = {"visits": [{**on, "outcome": outcome, "memory": "etag"}]}
    status, reported = ask("POST", "/v1/watches/visits", body, credential)
    assert (status, reported["visits"][0]["counts"]) == (200, True)
    return str(one["address"])


def test_an_owner_reads_what_happened_at_an_address(
    service: Service, picture: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = new_passphrase()
    monkeypatch.setenv("TAKEBACK_PASSPHRASE", words)
    content = hash_file(picture)
    submission = Submission((content,), Eligibility("self", adults=True, intimate=True))
    number = OwnerClient(service.address, words).open_case(submission)
    crawler = f"Bearer {service.new_key('Crawler', 'crawler')}"

    assert watch(service, number, "list") == 0
    assert capsys.readouterr().out == "No addresses are being checked for this case.\n"
    assert watch(service, number, "add", "Forum.example/threads/12#post-3", "--adults") == 0
    assert "not checked yet" in capsys.readouterr().out
    seen = content_document(replace(content, windows=()))
    assert visit(service, crawler, "seen", seen) == ADDRESS

    assert found(service, number, capsys) == ["there"]
    refused = service.ask(
        "POST", "/v1/watches/lease", {"limit": 1}, f"Bearer {service.new_key('A')}"
    )
    assert refused[0] == 403

    assert watch(service, number, "add", "", "--adults") == 2
    assert "copy it whole" in capsys.readouterr().err
    assert watch(service, number, "add", "http://127.0.0.1/admin", "--adults") == 1
    assert "not on the public internet" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", StringIO(""))
    assert watch(service, number, "add", ADDRESS) == 2, "nobody is here to say who is shown"
    monkeypatch.setattr("sys.stdin", StringIO("y\n"))
    assert watch(service, number, "add", ADDRESS) == 1
    assert "Take It Down" in capsys.readouterr().err
    assert watch(service, number, "list") == 0
    assert "may show a person under 18" in capsys.readouterr().out
    counted = service.command("watches", "status").stdout
    assert "1 addresses are withheld" in counted
    assert "forum" not in counted + service.log
    assert service.command("watches", "release", ADDRESS).returncode == 0

    assert watch(service, number, "remove", "1") == 0
    assert watch(service, number, "remove", "1") == 1
    assert "There is no such thing here" in capsys.readouterr().err


def found(service: Service, number: str, capsys: Captured) -> list[str]:
    """What happened, once the worker has compared what was seen."""
    for _ in range(200):
        assert watch(service, number, "list", "--json") == 0
        (one,) = json.loads(capsys.readouterr().out)
        changes = [change["presence"] for change in one["changes"]]
        if changes and changes[-1] != "not_found":
            return changes
    raise AssertionError(changes)


def test_an_operator_names_addresses(service: Service, tmp_path: Path) -> None:
    several = tmp_path / "addresses.txt"
    several.write_text("https://tube.example/watch?v=1\n\nchannel.example/s/abc\n")
    assert service.command("watches", "import", str(several), "--scope", "thread").returncode == 0
    assert "2 requests by the operator" in service.command("watches", "status").stdout
    several.write_text("https://intranet/\n")
    wrong = service.command("watches", "import", str(several))
    assert (wrong.returncode, "public internet" in wrong.stderr) == (1, True)
