"""Takeback on the device: content in, signals out. Only signals leave it.

Everything public can be imported from here, and is loaded when it is first used: importing this
package opens no socket and loads no decoder.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hashing.batch import hash_files as hash_files
    from hashing.client import OwnerClient as OwnerClient
    from hashing.client import PlatformClient as PlatformClient
    from hashing.errors import ContentError as ContentError
    from hashing.errors import DeviceError as DeviceError
    from hashing.hasher import hash_file as hash_file
    from hashing.hasher import hash_picture as hash_picture
    from hashing.passphrase import new_passphrase as new_passphrase
    from hashing.signals import ContentKind as ContentKind
    from hashing.signals import ContentSignals as ContentSignals
    from hashing.signals import FrameSignal as FrameSignal
    from hashing.signals import Signal as Signal
    from hashing.signals import SignalType as SignalType
    from hashing.signals import ViewSignals as ViewSignals
    from hashing.signals import Window as Window
    from hashing.signals import WindowSet as WindowSet
    from hashing.signals import WindowSignal as WindowSignal
    from hashing.signals import distance as distance
    from hashing.submission import Eligibility as Eligibility
    from hashing.submission import Submission as Submission
    from hashing.views.profile import Profile as Profile

_HOME = {
    "hash_files": "batch",
    "OwnerClient": "client",
    "PlatformClient": "client",
    "ContentError": "errors",
    "DeviceError": "errors",
    "hash_file": "hasher",
    "hash_picture": "hasher",
    "new_passphrase": "passphrase",
    "ContentKind": "signals",
    "ContentSignals": "signals",
    "FrameSignal": "signals",
    "Signal": "signals",
    "SignalType": "signals",
    "ViewSignals": "signals",
    "Window": "signals",
    "WindowSet": "signals",
    "WindowSignal": "signals",
    "distance": "signals",
    "Eligibility": "submission",
    "Submission": "submission",
    "Profile": "views.profile",
}
"""The module that each public name is from."""

__all__ = sorted(_HOME)  # noqa: PLE0605 (one list; a test compares it with the imports above)


if not TYPE_CHECKING:  # else every name would seem to be there

    def __getattr__(name: str) -> Any:  # noqa: ANN401 (PEP 562: whatever the name stands for)
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
