"""Models of the signals in requests: of entries, of looked-up items, of observations."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, FailFast, Field, StringConstraints
from pydantic.config import JsonDict, JsonValue
from pydantic.json_schema import SkipJsonSchema

from hashing.errors import InvalidSignal
from hashing.signals import (
    ORIENTATIONS,
    SEALED_LABEL_BYTES,
    ContentKind,
    ContentSignals,
    FrameSignal,
    Signal,
    ViewSignals,
    Window,
    WindowSignal,
    parse,
)
from service import limits
from service.domain.errors import InvalidRequest
from service.edge.bodies import Callers
from service.limits import DocumentLimit

Item = TypeVar("Item")

MAX_FRAMES = 1200
MAX_MILLISECONDS = 4 * 60 * 60 * 1000
MAX_VIEWS = 64
MAX_FRAME_VIEWS = 16
MAX_WINDOWS = 16

Hex16 = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{32}$")]
SealedLabel = Annotated[
    str, StringConstraints(pattern=rf"^[0-9a-fA-F]{{{2 * SEALED_LABEL_BYTES}}}$")
]
Hex32 = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$")]
Quality = Annotated[int, Field(ge=0, le=100)]
Milliseconds = Annotated[int, Field(ge=0, le=MAX_MILLISECONDS)]
ViewName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9+.-]{1,24}$")]

NONE: Any = Field(default_factory=list, json_schema_extra={"default": []})
"""Of a list that may be left out. A default that is a list would be copied for each item."""

PDQ = "f0e1d2c3b4a59687" * 4
SHA256 = "0123456789abcdef" * 4
_SIGNAL: JsonDict = {"type": "pdq", "value": PDQ, "quality": 100}
PICTURE: JsonDict = {"kind": "picture", "signals": [_SIGNAL, {"type": "sha256", "value": SHA256}]}
_WITH_WINDOWS: JsonDict = {**PICTURE, "windows": [{"window": next(iter(Window)).value, **_SIGNAL}]}
WITH_VIEWS: JsonDict = {
    **PICTURE,
    "views": [{"view": "full", "quality": 100, "values": [PDQ]}],
}
_FRAME: JsonDict = {"at_ms": 0, "until_ms": 750, "type": "pdq", "value": PDQ, "quality": 92}
VIDEO: JsonDict = {
    "kind": "video",
    "signals": [{"type": "sha256", "value": SHA256}],
    "frames": [_FRAME],
}
ENTRIES: list[JsonValue] = [PICTURE, _WITH_WINDOWS, VIDEO]


def _same(item: Item) -> Item:
    return item


GIVES_WAY = AfterValidator(_same)
"""Of the items of a long list: a call of Python, between two of which other threads may go on.
pydantic by itself keeps the interpreter from the first item to the last, 40 ms of 4 MiB."""


class StrictIn(BaseModel):
    """A request model: refuses undocumented names, and types other than the documented ones.

    A list is validated up to its first faulty item: a document of nothing but faults costs no more
    than one with a single one.
    """

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    LIMIT: ClassVar[DocumentLimit] = limits.FEEDBACK
    """How large a document of this model may be; the smallest unless one says otherwise."""
    CALLERS: ClassVar[Callers | None] = None
    """In whose threads and memory it is worked on, if not in those of whoever sends it."""


class PerceptualIn(StrictIn):
    """A signal that alike content comes near to."""

    type: Literal["pdq", "phash"]
    value: Hex32
    quality: Quality


class Md5In(StrictIn):
    """The MD5 of the file's bytes."""

    type: Literal["md5"]
    value: Hex16


class Sha256In(StrictIn):
    """The SHA-256 of the file's bytes."""

    type: Literal["sha256"]
    value: Hex32


class FrameIn(StrictIn):
    """The PDQ signal of a run of near-identical video frames, with its span."""

    at_ms: Milliseconds
    until_ms: Milliseconds
    type: Literal["pdq"]
    value: Hex32
    quality: Quality


class ViewIn(StrictIn):
    """The PDQ values of one view of a picture or frame, upright first."""

    view: ViewName
    quality: Quality
    values: Annotated[list[Hex32], Field(min_length=1, max_length=ORIENTATIONS), FailFast()]

    def value(self) -> ViewSignals:
        """Return it as a plain value."""
        return ViewSignals(self.view, self.quality, tuple(map(bytes.fromhex, self.values)))


class SeenFrameIn(FrameIn):
    """A frame of a video that is looked up, with the views of it."""

    views: Annotated[list[ViewIn], Field(max_length=MAX_FRAME_VIEWS), FailFast(), NONE]


class WindowIn(StrictIn):
    """The PDQ signal of a part of a picture."""

    window: Literal[*(window.value for window in Window)]  # type: ignore[valid-type]
    type: Literal["pdq"]
    value: Hex32
    quality: Quality


SignalIn = Annotated[PerceptualIn | Md5In | Sha256In, Field(discriminator="type")]


class EntryIn(StrictIn):
    """All signals of one picture or video that is to be found."""

    model_config = ConfigDict(json_schema_extra={"examples": ENTRIES})

    kind: Literal["picture", "video"]
    signals: Annotated[list[SignalIn], Field(max_length=4), FailFast()]
    frames: Annotated[
        list[Annotated[FrameIn, GIVES_WAY]], Field(max_length=MAX_FRAMES), FailFast(), NONE
    ]
    windows: Annotated[list[WindowIn], Field(max_length=MAX_WINDOWS), FailFast(), NONE]
    sealed_label: SealedLabel | SkipJsonSchema[None] = None

    def value(self) -> ContentSignals:
        """Return it as a plain value. Raises InvalidRequest when its parts do not fit together."""
        try:
            return ContentSignals(
                ContentKind(self.kind),
                tuple(_signal(each) for each in self.signals),
                tuple(FrameSignal(f.at_ms, f.until_ms, _signal(f)) for f in self.frames),
                windows=tuple(WindowSignal(Window(w.window), _signal(w)) for w in self.windows),
                sealed_label=bytes.fromhex(self.sealed_label) if self.sealed_label else None,
            )
        except InvalidSignal as err:
            raise InvalidRequest(str(err)) from err


class ItemIn(StrictIn):
    """All signals of one picture or video that is looked up, with the views of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [PICTURE, WITH_VIEWS, VIDEO]})

    kind: Literal["picture", "video"]
    signals: Annotated[list[SignalIn], Field(max_length=4), FailFast()]
    frames: Annotated[
        list[Annotated[SeenFrameIn, GIVES_WAY]], Field(max_length=MAX_FRAMES), FailFast(), NONE
    ]
    views: Annotated[list[ViewIn], Field(max_length=MAX_VIEWS), FailFast(), NONE]

    def value(self) -> ContentSignals:
        """Return it as a plain value. Raises InvalidRequest when its parts do not fit together."""
        try:
            return ContentSignals(
                ContentKind(self.kind),
                tuple(map(_signal, self.signals)),
                tuple(map(_seen_frame, self.frames)),
                views=_views(self.views),
            )
        except InvalidSignal as err:
            raise InvalidRequest(str(err)) from err


def _seen_frame(frame: SeenFrameIn) -> FrameSignal:
    return FrameSignal(frame.at_ms, frame.until_ms, _signal(frame), _views(frame.views))


def _views(views: list[ViewIn]) -> tuple[ViewSignals, ...]:
    return tuple(view.value() for view in views) if views else ()


def _signal(untrusted: PerceptualIn | Md5In | Sha256In | FrameIn | WindowIn) -> Signal:
    return parse(untrusted.type, untrusted.value, getattr(untrusted, "quality", None))
