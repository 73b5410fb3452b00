"""The browser's modules are in the folders of their Python counterparts, in the same layers."""

import re
from collections import defaultdict
from pathlib import Path
from posixpath import join, normpath

ROOT = Path(__file__).parents[2]
BROWSER = ROOT / "hashing" / "browser"
BELOW = {
    "worker": {"worker", "media", "."},
    ".": {".", "media", "algorithms"},
    "media": {"media", "."},
    "algorithms": {"algorithms", "."},
    "evidence": {"evidence", "algorithms", "."},
}
"""Of which folders the modules of a folder import."""
LOWEST = {"errors.js", "luma.js", "signals.js"}
"""Modules beside the folders that the modules in them import."""


def folders(root: Path, suffix: str) -> dict[str, set[Path]]:
    """In which folders there are modules of each name."""
    found: defaultdict[str, set[Path]] = defaultdict(set)
    for path in root.rglob(f"*{suffix}"):
        found[path.stem].add(path.parent.relative_to(root))
    return found


def test_a_module_is_in_the_folder_of_its_counterpart() -> None:
    python, browser = folders(ROOT / "hashing", ".py"), folders(BROWSER, ".js")
    both = python.keys() & browser.keys()
    assert len(both) >= 30
    assert {name: browser[name] for name in both} == {name: python[name] for name in both}


def test_folders_import_what_is_below_them() -> None:
    imports = 0
    for path in BROWSER.rglob("*.js"):
        folder = path.parent.relative_to(BROWSER).as_posix()
        for name in re.findall(r'^import\b[^;]*?"([^"]+)";', path.read_text(), re.M):
            target = normpath(join(folder, name))
            within = str(Path(target).parent)
            assert within in BELOW[folder], (path.name, name)
            if within == "." and folder in {"media", "algorithms", "evidence"}:
                assert target in LOWEST, (path.name, name)
            imports += 1
    assert imports > 100
