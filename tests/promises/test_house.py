"""The rules of the house that import-linter and ruff do not know."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    p for name in ("hashing", "service", "crawler", "egress") for p in (ROOT / name).rglob("*.py")
)
REFUSED_NAMES = {"utils", "helpers", "common", "base", "types", "manager", "handler"}
SCRIPTS = sorted(
    p for name in ("hashing/browser", "service/web/static") for p in (ROOT / name).rglob("*.js")
)
SHOWN = sorted(p for p in (ROOT / "service/web").rglob("*") if p.suffix in {".html", ".po", ".css"})
PAGES = [p for p in ROOT.glob("docs/**/*.md") if p.name != "glossary.md"] + [ROOT / "README.md"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_and_functions_are_short(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 350
    if "migrations" in path.parts:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 45, node.name


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_scripts_are_short_and_have_no_network(path: Path) -> None:
    """What a policy forbids in a browser is not even there to be forbidden."""
    text = path.read_text()
    assert text.count("\n") <= 350
    forbidden = (
        r"\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon|EventSource|RTCPeer|WebTransport|"
        r"importScripts|\bimport\(|\beval\(|new Function|innerHTML|insertAdjacent|document\.write|"
        r"localStorage|sessionStorage|indexedDB|caches\.|document\.cookie|serviceWorker|window\.open"
    )
    code = re.sub(r"/\*.*?\*/|^\s*//.*?$", "", text, flags=re.S | re.M)
    assert not re.search(forbidden, code), re.search(forbidden, code)


def test_no_two_modules_of_the_service_share_a_name() -> None:
    names = Counter(p.stem for p in SOURCES if "service" in p.parts and p.stem[0] != "_")
    assert not {name for name, times in names.items() if times > 1}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert not {p.stem for p in SOURCES} & REFUSED_NAMES


def test_the_refused_word_is_nowhere() -> None:
    word = "vic" + "tim"
    written = [p for p in [*SOURCES, *PAGES, *SCRIPTS, *SHOWN] if word in p.read_text().lower()]
    assert not written


def test_nothing_claims_that_a_hash_cannot_be_reversed() -> None:
    for path in [*SOURCES, *PAGES, *SCRIPTS, *SHOWN]:
        assert not re.search(r"can(no|')t be (reversed|inverted)", path.read_text()), path


def test_locks_have_hashes_and_name_no_host() -> None:
    locks = list(ROOT.glob("requirements*.lock"))
    assert len(locks) >= 4
    for lock in locks:
        text = lock.read_text()
        assert not re.search(r"https?://|--index-url|--find-links|--extra-index|file:", text), lock
        pins = len(re.findall(r"^[a-z0-9_.-]+(\[[a-z,]+\])?==", text, re.M | re.I))
        assert pins > 0
        assert (
            len(re.findall(r"^[a-z0-9_.-]+(?:\[[a-z,]+\])?==[^\n]+\\\n +--hash", text, re.M | re.I))
            == pins
        )
