# ruff: noqa: SLF001 (the list behind the lazy names)
import ast
import inspect
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

import hashing
from hashing import errors
from hashing.passphrase import word_list

WORDS = " ".join(word_list()[:7])
DECODERS = {"PIL", "numpy", "av", "cv2", "imagehash", "scipy", "pillow_heif", "tqdm"}


def loaded_after(statement: str, *, whole: bool = False) -> set[str]:
    code = f"{statement}\nimport sys; print('\\n:', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = done.stdout.rpartition(":")[2].split()
    return set(names) if whole else {name.split(".")[0] for name in names}


@pytest.mark.parametrize(
    "statement",
    [
        "import hashing",
        "import hashing; dir(hashing)",
        "import hashing; hashing.ContentError",
        "from hashing import Signal, SignalType, ContentKind, ContentSignals, distance",
        "from hashing import new_passphrase, Submission, Eligibility; new_passphrase()",
    ],
)
def test_no_decoder_is_loaded(statement: str) -> None:
    loaded = loaded_after(statement)
    assert "hashing" in loaded
    assert not loaded & DECODERS


def test_no_socket_module_is_loaded_until_a_client_is_asked_for() -> None:
    without = loaded_after("pass")  # coverage may have loaded some already
    loaded = loaded_after("import hashing; hashing.Signal") - without
    assert not loaded & {"socket", "ssl", "http", "urllib"}


def test_hashing_a_picture_loads_no_video_and_no_heif_decoder(
    photos: list[Path],
) -> None:
    loaded = loaded_after(f"import hashing; hashing.hash_file({str(photos[0])!r})")
    assert "PIL" in loaded
    assert not loaded & {"av", "cv2", "pillow_heif"}


STARTED = {
    "--help": set[str](),
    "submit --help": set[str](),
    "--version": set[str](),
    "": set[str](),
    "status --case 1 --server http://127.0.0.1:9": {"ssl", "http"},
    "withdraw --yes --case 1 --server http://127.0.0.1:9": {"ssl", "http"},
}


@pytest.mark.parametrize(("command", "needed"), STARTED.items())
def test_a_command_loads_only_what_it_needs(command: str, needed: set[str]) -> None:
    """Decoders and imagehash take a second to load, which status and --help need not wait for."""
    network = {"ssl", "http"}
    code = f"""
import os, sys
os.environ["TAKEBACK_PASSPHRASE"] = {WORDS!r}
from hashing import cli
try:
    cli.main({command.split()!r})
except SystemExit:
    pass
"""
    without = loaded_after("pass")
    loaded = loaded_after(code) - without
    assert "hashing.cli" in loaded_after(code, whole=True)
    assert not loaded & DECODERS
    assert loaded & network == needed - without


def test_the_names_are_those_that_type_checkers_see() -> None:
    """One list is for programs and one for type checkers: they are the same."""
    tree = ast.parse(inspect.getsource(hashing))
    block, _ = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        str(alias.asname): str(node.module)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == {name: f"hashing.{home}" for name, home in hashing._HOME.items()}
    assert hashing.__all__ == sorted(seen) == dir(hashing)


def test_every_name_is_there_and_has_a_docstring() -> None:
    for name in hashing.__all__:
        found = getattr(hashing, name)
        assert found.__name__ == name
        assert inspect.getdoc(found)


def test_another_name_is_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'hash_everything'"):
        hashing.hash_everything  # type: ignore[attr-defined] # noqa: B018 (as type checkers say)


def subclasses(of: type[errors.DeviceError]) -> list[type[errors.DeviceError]]:
    return [of, *[below for one in of.__subclasses__() for below in subclasses(one)]]


def test_the_tree_drawn_in_the_docstring_is_the_tree_there_is() -> None:
    drawn = []
    for line in (errors.__doc__ or "").splitlines():
        name = line.lstrip(" │├└─").split(" ")[0]
        if name in vars(errors):
            drawn.append((line.index(name), name))
    tree = subclasses(errors.DeviceError)
    expected = [(4 * len(kind.__mro__) - 12, kind.__name__) for kind in tree]
    assert [name for _, name in drawn] == [name for _, name in expected]
    assert [at for at, _ in drawn] == [at for at, _ in expected]


@pytest.mark.parametrize("kind", subclasses(errors.DeviceError), ids=lambda kind: kind.__name__)
def test_an_error_says_what_its_docstring_says(kind: type[errors.DeviceError]) -> None:
    assert str(kind()) == inspect.getdoc(kind)
    assert str(kind("Something else.")) == "Something else."
    assert kind().code.islower()


def test_codes_are_snake_case() -> None:
    assert errors.VideoSupportMissing().code == "video_support_missing"
    assert errors.TooManyPixels().code == "too_many_pixels"


def test_the_wheel_says_that_it_has_types(tmp_path: Path) -> None:
    """PEP 561: without py.typed, type checkers take every name of a package for Any."""
    root = Path(hashing.__file__).parents[1]
    [built] = WheelBuilder(str(root)).build(directory=str(tmp_path), versions=["standard"])
    inside = set(zipfile.ZipFile(built).namelist())
    data = ("py.typed", "words.txt", "submission.schema.json", "cli.py")
    assert inside >= {f"hashing/{name}" for name in data}
    assert {name.split("/")[0] for name in inside} <= {"hashing", "takeback-0.1.0.dist-info"}
