"""The browser's modules are in the folders of their Python counterparts, in the same layers."""

import re
from pathlib import Path
from posixpath import join, normpath

ROOT = Path(__file__).parents[2]
BROWSER = ROOT / "hashing" / "browser"
BELOW = {
    "worker": {"worker", "media", "."},
    ".": {".", "media", "algorithms"},
    "media": {"media", "."},
    "algorithms": {"algorithms", "."},
}
"""Of which folders the modules of a folder import."""
LOWEST = {"errors.js", "luma.js", "signals.js"}
"""Modules beside the folders that the modules in them import."""


def names(root: Path, suffix: str) -> dict[str, Path]:
    return {p.stem: p.parent.relative_to(root) for p in root.rglob(f"*{suffix}")}


def test_a_module_is_in_the_folder_of_its_counterpart() -> None:
    python, browser = names(ROOT / "hashing", ".py"), names(BROWSER, ".js")
    both = python.keys() & browser.keys()
    assert len(both) >= 13
    assert {name: browser[name] for name in both} == {name: python[name] for name in both}


def test_folders_import_what_is_below_them() -> None:
    imports = 0
    for path in BROWSER.rglob("*.js"):
        folder = path.parent.relative_to(BROWSER).as_posix()
        for name in re.findall(r'^import\b[^;]*?"([^"]+)";', path.read_text(), re.M):
            target = normpath(join(folder, name))
            within = str(Path(target).parent)
            assert within in BELOW[folder], (path.name, name)
            if within == "." and folder in {"media", "algorithms"}:
                assert target in LOWEST, (path.name, name)
            imports += 1
    assert imports > 100
