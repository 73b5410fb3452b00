import copy
import json
import string
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashing.errors import InvalidSubmission
from hashing.signals import (
    SEALED_LABEL_BYTES,
    ContentKind,
    ContentSignals,
    FrameSignal,
    Signal,
    SignalType,
    ViewSignals,
    Window,
    WindowSignal,
)
from hashing.submission import (
    MAX_ENTRIES,
    Eligibility,
    Submission,
    content_document,
    entries_document,
    schema,
)
from hashing.work import Work

CHECK = jsonschema.Draft202012Validator(schema())
ACCESS = bytes(range(32))
YES = Eligibility("self", adults=True, intimate=True)
PICTURE = ContentSignals(
    ContentKind.PICTURE,
    (Signal(SignalType.PDQ, b"\x01" * 32, 90), Signal(SignalType.MD5, b"\x02" * 16)),
)


def signals(kind: SignalType) -> st.SearchStrategy[Signal]:
    quality = st.integers(0, 100) if kind.perceptual else st.none()
    return st.builds(
        Signal, st.just(kind), st.binary(min_size=kind.size, max_size=kind.size), quality
    )


FRAMES = st.tuples(
    st.integers(0, 7_200_000), st.integers(0, 7_200_000), signals(SignalType.PDQ)
).map(lambda parts: FrameSignal(parts[0], parts[0] + parts[1], parts[2]))
SIGNALS = st.sets(st.sampled_from(list(SignalType)), min_size=1).flatmap(
    lambda kinds: st.tuples(*[signals(kind) for kind in sorted(kinds)])
)
WINDOWS = st.sets(st.sampled_from(Window)).flatmap(
    lambda chosen: st.tuples(
        *[st.builds(WindowSignal, st.just(one), signals(SignalType.PDQ)) for one in sorted(chosen)]
    )
)
ENTRIES = st.one_of(
    st.builds(
        ContentSignals,
        st.just(ContentKind.PICTURE),
        SIGNALS,
        windows=WINDOWS,
        sealed_label=st.none() | st.just(bytes(SEALED_LABEL_BYTES)),
    ),
    st.builds(
        ContentSignals,
        st.just(ContentKind.VIDEO),
        SIGNALS,
        st.lists(FRAMES, max_size=4).map(tuple),
    ),
)
SUBMISSIONS = st.builds(
    Submission,
    st.lists(ENTRIES, min_size=1, max_size=3).map(tuple),
    st.builds(
        Eligibility,
        st.sampled_from(["self", "authorised"]),
        adults=st.just(True),  # noqa: FBT003 (a strategy of one value)
        intimate=st.just(True),  # noqa: FBT003 (the same)
    ),
    st.none() | st.text(min_size=1, max_size=1000),
)


def objects(document: Any) -> list[dict[str, Any]]:
    """Every JSON object of a document, the outermost first."""
    if isinstance(document, dict):
        return [document, *[one for value in document.values() for one in objects(value)]]
    if isinstance(document, list):
        return [one for value in document for one in objects(value)]
    return []


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@given(SUBMISSIONS, st.binary(min_size=32, max_size=32))
def test_the_schema_accepts_every_submission(submission: Submission, access: bytes) -> None:
    document = submission.document(access)
    CHECK.validate(json.loads(json.dumps(document)))
    assert document["access_key"] == access.hex()
    assert len(document["entries"]) == len(submission.entries)


@given(
    SUBMISSIONS,
    st.sampled_from(["file_name", "label", "exif", "size", "thumbnail", "path", "email"])
    | st.text(string.ascii_lowercase, min_size=1).filter(lambda name: name != "note"),
    st.data(),
)
def test_the_schema_refuses_a_field_more_wherever_it_is(
    submission: Submission, field: str, data: st.DataObject
) -> None:
    document = submission.document(ACCESS)
    place = data.draw(st.sampled_from(range(len(objects(document)))))
    target = objects(document)[place]
    if field in {*target, "frames", "windows", "quality", "sealed_label"}:
        return
    target[field] = "beach.jpg"
    assert not CHECK.is_valid(document)


@given(SUBMISSIONS)
def test_nothing_but_these_fields_is_in_a_document(submission: Submission) -> None:
    allowed = {
        *["version", "access_key", "eligibility", "entries", "note", "subject", "adults"],
        *["intimate", "kind", "signals", "frames", "type", "value", "quality", "at_ms", "until_ms"],
        *["windows", "window", "sealed_label"],
    }
    for one in objects(submission.document(ACCESS)):
        assert set(one) <= allowed


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), 2),
        (("access_key",), "00" * 31),
        (("access_key",), "zz" * 32),
        (("eligibility", "subject"), "friend"),
        (("eligibility", "adults"), False),
        (("eligibility", "intimate"), False),
        (("entries",), []),
        (("entries", 0, "kind"), "audio"),
        (("entries", 0, "signals", 0, "type"), "sha1"),
        (("entries", 0, "signals", 0, "value"), "00" * 16),
        (("entries", 0, "signals", 0, "quality"), 101),
        (("entries", 0, "signals", 0, "quality"), 50.5),
        (("entries", 0, "signals", 1, "quality"), 50),
        (("entries", 0, "sealed_label"), "holiday"),
        (("entries", 0, "sealed_label"), "00" * (SEALED_LABEL_BYTES - 1)),
        (("note",), ""),
        (("note",), "x" * 1001),
    ],
)
def test_the_schema_refuses_other_values(path: tuple[str | int, ...], value: object) -> None:
    document: Any = Submission((PICTURE,), YES).document(ACCESS)
    place = document = copy.deepcopy(document)
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not CHECK.is_valid(document)


def test_the_schema_refuses_more_entries_than_a_case_holds() -> None:
    document = Submission((PICTURE,) * MAX_ENTRIES, YES).document(ACCESS)
    assert CHECK.is_valid(document)
    document["entries"].append(document["entries"][0])
    assert not CHECK.is_valid(document)


def test_the_schema_refuses_more_frames_than_a_video_keeps() -> None:
    frame = FrameSignal(0, 1, PICTURE.signals[0])
    document = Submission((ContentSignals(ContentKind.VIDEO, (), (frame,) * 1200),), YES).document(
        ACCESS
    )
    assert CHECK.is_valid(document)
    document["entries"][0]["frames"].append(document["entries"][0]["frames"][0])
    assert not CHECK.is_valid(document)


def test_the_schema_has_every_window_and_no_other() -> None:
    windows = tuple(WindowSignal(one, PICTURE.signals[0]) for one in Window)
    entry = ContentSignals(ContentKind.PICTURE, PICTURE.signals, windows=windows)
    document = Submission((entry,), YES).document(ACCESS)
    assert CHECK.is_valid(document)
    assert schema()["$defs"]["window"]["properties"]["window"]["enum"] == list(Window)
    for field, value in (("window", "centre-91"), ("type", "phash"), ("quality", 101)):
        other = copy.deepcopy(document)
        other["entries"][0]["windows"][0][field] = value
        assert not CHECK.is_valid(other)
        del other["entries"][0]["windows"][0][field]
        assert not CHECK.is_valid(other)


def test_the_schema_refuses_views_which_only_a_lookup_has() -> None:
    view = ViewSignals("full", 90, (b"\x01" * 32,) * 8)
    picture = ContentSignals(ContentKind.PICTURE, PICTURE.signals, views=(view,))
    frame = FrameSignal(0, 1, PICTURE.signals[0], (view,))
    video = ContentSignals(ContentKind.VIDEO, (), (frame,))
    for content in (picture, video):
        assert not CHECK.is_valid(Submission((content,), YES).document(ACCESS))


def test_without_the_answers_the_document_is_not_valid() -> None:
    for answers in (
        Eligibility("self", adults=False, intimate=True),
        Eligibility("self", adults=True, intimate=False),
    ):
        assert not CHECK.is_valid(Submission((PICTURE,), answers).document(ACCESS))


@pytest.mark.parametrize("count", [0, MAX_ENTRIES + 1])
def test_a_case_holds_1_to_50_entries(count: int) -> None:
    with pytest.raises(InvalidSubmission, match=f"this has {count}"):
        Submission((PICTURE,) * count, YES)
    with pytest.raises(InvalidSubmission, match=f"this has {count}"):
        entries_document((PICTURE,) * count)


@pytest.mark.parametrize("note", ["", "x" * 1001])
def test_a_note_has_1_to_1000_characters(note: str) -> None:
    with pytest.raises(InvalidSubmission, match="A note has"):
        Submission((PICTURE,), YES, note)


def test_documents_in_full() -> None:
    frame = FrameSignal(250, 1000, Signal(SignalType.PDQ, b"\x03" * 32, 77))
    video = ContentSignals(ContentKind.VIDEO, (Signal(SignalType.MD5, b"\x02" * 16),), (frame,))
    assert content_document(PICTURE) == {
        "kind": "picture",
        "signals": [
            {"type": "pdq", "value": "01" * 32, "quality": 90},
            {"type": "md5", "value": "02" * 16},
        ],
    }
    assert entries_document((video,)) == {
        "entries": [
            {
                "kind": "video",
                "signals": [{"type": "md5", "value": "02" * 16}],
                "frames": [
                    {
                        "at_ms": 250,
                        "until_ms": 1000,
                        "type": "pdq",
                        "value": "03" * 32,
                        "quality": 77,
                    }
                ],
            }
        ]
    }
    assert Submission((PICTURE,), YES, "hello").document(ACCESS)["note"] == "hello"


def test_windows_and_views_in_full() -> None:
    pdq = PICTURE.signals[0]
    view = ViewSignals("pad-10", 66, (b"\x04" * 32, b"\x05" * 32))
    shown = {"view": "pad-10", "quality": 66, "values": ["04" * 32, "05" * 32]}
    entry = ContentSignals(ContentKind.PICTURE, (pdq,), windows=(WindowSignal(Window.SQUARE, pdq),))
    assert content_document(entry)["windows"] == [
        {"window": "square", "type": "pdq", "value": "01" * 32, "quality": 90}
    ]
    item = ContentSignals(ContentKind.PICTURE, (), views=(view,))
    assert content_document(item) == {"kind": "picture", "signals": [], "views": [shown]}
    film = ContentSignals(ContentKind.VIDEO, (), (FrameSignal(0, 1, pdq, (view,)),))
    assert content_document(film)["frames"][0]["views"] == [shown]


def test_work_is_a_challenge_and_nonces_and_is_left_out_if_there_is_none() -> None:
    submission = Submission((PICTURE,), YES)
    work = Work("29763421." + "ab" * 20, (0, 2**32 - 1))
    document = submission.document(ACCESS, work)
    assert document["work"] == {"challenge": work.challenge, "nonces": [0, 2**32 - 1]}
    CHECK.validate(document)
    assert "work" not in submission.document(ACCESS)
    for wrong in (Work("1.ab"), Work(work.challenge, (2**32,)), Work(work.challenge, (0,) * 2001)):
        assert not CHECK.is_valid(submission.document(ACCESS, wrong))
