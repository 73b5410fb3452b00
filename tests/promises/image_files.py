"""The files of the image, by the Dockerfile's COPY instructions and the rules of .dockerignore.

buildah applies both as they are. Where there is none, or it may not run here, they are applied as
documented (Docker: Dockerfile reference, "COPY", and "Build context"; containerignore(5) of
containers-common), which is compared with buildah where there is one.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path, PurePosixPath

SECONDS = 60
"""That buildah may take."""
_DIRECTIVES = ("FROM", "WORKDIR", "COPY", "ADD")
"""Of the image: RUN needs a base image that can be pulled, the others change no file."""


def instructions(dockerfile: str) -> list[str]:
    """The instructions of the last stage, each in one line."""
    text = re.sub(r"^\s*#.*\n", "", dockerfile, flags=re.M)
    lines = [line.strip() for line in re.sub(r"\\\n", " ", text).splitlines() if line.strip()]
    last = max(number for number, line in enumerate(lines) if line.startswith("FROM "))
    return lines[last:]


def copies(dockerfile: str) -> list[tuple[list[str], str]]:
    """Sources and target of each COPY from the context."""
    found = [line.split()[1:] for line in instructions(dockerfile) if line.startswith("COPY ")]
    return [(words[:-1], words[-1]) for words in found if not words[0].startswith("--from")]


def by_rules(context: Path, target: Path) -> None:
    """Copy as documented. Raises FileNotFoundError for what is not there, or ignored."""
    patterns = _patterns((context / ".dockerignore").read_text())
    given = {
        path.relative_to(context)
        for path in context.rglob("*")
        if path.is_file() and not _ignored(PurePosixPath(path.relative_to(context)), patterns)
    }
    for sources, place in copies((context / "Dockerfile").read_text()):
        for source in sources:
            files = [path for path in given if Path(source) in (path, *path.parents)]
            if not files:
                raise FileNotFoundError(source)
            for path in files:
                inside = path.relative_to(source) if path != Path(source) else Path(path.name)
                there = target / place / inside
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(context / path, there)


def by_buildah(context: Path, work: Path) -> Path | None:
    """Have buildah copy, into an image without a base; return its files, None if it cannot run.

    It takes two seconds, or, now and then, copies nothing and never ends: then it cannot run.
    Raises CalledProcessError, with what it says, if an instruction fails.
    """
    program = shutil.which("buildah")
    if program is None:
        return None
    # Nothing outside `work`, no overlay and no namespace of its own: containers allow neither.
    command = [
        program,
        f"--root={work / 'root'}",
        f"--runroot={work / 'run'}",
        "--storage-driver=vfs",
    ]
    if subprocess.run([*command, "from", "scratch"], capture_output=True, check=False).returncode:
        return None
    lines = instructions((context / "Dockerfile").read_text())
    kept = [line for line in lines if line.startswith(_DIRECTIVES) and "--from=" not in line]
    (work / "Dockerfile").write_text("\n".join(["FROM scratch", *kept[1:]]) + "\n")
    made = work / "made"
    build = [
        *(*command, "build", "--isolation=chroot", f"--file={work / 'Dockerfile'}"),
        *(f"--output=type=local,dest={made}", str(context)),
    ]
    with subprocess.Popen(
        build, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            out, err = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # also the processes that copy for it
            return None
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, build, out, err)
    (folder,) = (line.split()[1] for line in kept if line.startswith("WORKDIR "))
    return made / folder.lstrip("/")


def _patterns(dockerignore: str) -> list[tuple[re.Pattern[str], bool]]:
    """Each pattern, and whether it excepts what matches from being ignored."""
    lines = (line.strip() for line in dockerignore.splitlines() if not line.startswith("#"))
    return [(_expression(line.lstrip("!")), line.startswith("!")) for line in lines if line]


def _expression(pattern: str) -> re.Pattern[str]:
    """Go's filepath.Match, without character classes, and `**` for any number of folders."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.strip("/"))
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(wild.get(part, re.escape(part)) for part in parts))


def _ignored(path: PurePosixPath, patterns: list[tuple[re.Pattern[str], bool]]) -> bool:
    """Whether the last pattern that matches the path, or a folder that it is in, ignores it."""
    names = [str(each) for each in (path, *path.parents)]
    matching = [excepts for pattern, excepts in patterns if any(map(pattern.fullmatch, names))]
    return bool(matching) and not matching[-1]
