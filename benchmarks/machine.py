"""What measured figures depend on, apart from what was measured: machine and versions."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any


def described(packages: Iterable[str]) -> dict[str, Any]:
    """Return the interpreter, the versions of some packages, the processor, and its load now."""
    installed = {each.name.lower(): each.version for each in metadata.distributions()}
    return {
        "python": platform.python_version(),
        "versions": {name: installed.get(name, "not installed") for name in packages},
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_at_start": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    """Linux keeps the name where `platform` does not look."""
    known = Path("/proc/cpuinfo")
    name = re.search(r"model name\s*: (.*)", known.read_text()) if known.exists() else None
    return name[1] if name else platform.processor()
