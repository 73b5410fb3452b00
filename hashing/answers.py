"""What the answers of a service must hold, so that nobody fails over one that is not as it says.

An answer may hold more: services that are newer than this program add members.
"""

from __future__ import annotations

from typing import Any

from hashing.errors import NotTakeback

Json = dict[str, Any]
_TEXT_OR_NONE = (str, type(None))
_OPTIONAL = "?"

PRICE = {"challenge": str, "pieces": int}
OPENED = {"case_number": str}
ADDED = {"added": int, f"held{_OPTIONAL}": int}
WITHDRAWN = {"withdrawn": int, f"erase_on{_OPTIONAL}": _TEXT_OR_NONE}
LABELLED = {"n": int}
UNDONE = {"undone": int}
_SIGHTING = {"platform": str, "seen_on": str, "source": str, "outcome": _TEXT_OR_NONE}
_ENTRY = {
    "n": int,
    "kind": str,
    "status": str,
    "added_on": str,
    f"sealed_label{_OPTIONAL}": _TEXT_OR_NONE,
    f"held{_OPTIONAL}": _TEXT_OR_NONE,
    f"erase_on{_OPTIONAL}": _TEXT_OR_NONE,
    "sightings": [_SIGHTING],
}
STATUS = {"case_number": str, "opened_on": str, "says": str, "entries": [_ENTRY]}
WATCH = {
    "n": int,
    "address": str,
    "withheld": bool,
    "presence": str,
    "changes": [{"day": str, "presence": str}],
    "looked_on": _TEXT_OR_NONE,
    "trouble": _TEXT_OR_NONE,
}
WATCHES = {"watches": [WATCH]}
CONTACT = {
    "wording": str,
    "language": str,
    "hours": (dict, type(None)),
    "read_by_others": bool,
    "ask_on": str,
    "muted_until": _TEXT_OR_NONE,
}
ALERTS = {
    "contact": (dict, type(None)),
    "channels": [{"kind": str, "status": str}],
    "asks": bool,
}
CHANNEL = {"kind": str, "feed": _TEXT_OR_NONE, "secret": _TEXT_OR_NONE}
SAME = {"same": bool}
_GRANT = {
    "n": int,
    "organisation": _TEXT_OR_NONE,
    "state": str,
    "scopes": [str],
    "code_until_on": str,
    "until_on": str,
}
NEW_GRANT = {**_GRANT, "code": str}
GRANTS = {"grants": [_GRANT]}
_LINK = {"sequence": int, "act": str, "at": str, "id": str, "digest": str, "link": str}
_UNFINISHED = {"id": str, "size": int, "received": int, "until_on": str}
EVIDENCE = {
    "case_number": str,
    "entries": [_LINK],
    "stamps": [{"sequence": int, "authority": str, "token": str}],
    "more": bool,
    **dict.fromkeys(("bytes", "bytes_allowed", "records", "files"), int),
    "takes_files": bool,
    "unfinished": [_UNFINISHED],
}
ARRIVAL = {"id": str, "size": int, "chunks": int, "received": [[int]], "state": str}
KEPT = {"sequence": int, "link": str, "at": str}
REGIMES = {
    "regimes": [
        {
            "id": str,
            "name": str,
            "status": str,
            "source": str,
            "checked_on": str,
            "old": bool,
            "filers": [str],
            "fields": [{"name": str, "needed": str}],
            "statements": dict,
            "warnings": [str],
            "not_confirmed": [str],
        }
    ]
}
DRAFT = {"missing": [str], "text": str}
NOTICE = {
    "n": int,
    "regime": str,
    "state": str,
    "addressee": str,
    "clock": {"state": str, "due_at": _TEXT_OR_NONE},
    "reason": _TEXT_OR_NONE,
    "says": str,
}
NOTICES = {"notices": [NOTICE]}
_SPAN = {"from_s": (int, float), "until_s": (int, float)}
_MATCH = {"match": str, f"span{_OPTIONAL}": _SPAN}
VERDICTS = {"items": [{"verdict": str, "matches": [_MATCH]}]}


def checked(answer: Json, shape: Json) -> Json:
    """Return an answer that has this shape.

    A shape is a type, several, a list with the shape of each member, or the shapes of members by
    name; a name that ends with a question mark may be missing. Raises NotTakeback.
    """
    if not _fits(answer, shape):
        raise NotTakeback
    return answer


def _fits(value: object, shape: Any) -> bool:  # noqa: ANN401 (see `checked`)
    if isinstance(shape, list):
        return isinstance(value, list) and all(_fits(each, shape[0]) for each in value)
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(
            _fits(value[bare], each) if (bare := name.rstrip(_OPTIONAL)) in value else bare != name
            for name, each in shape.items()
        )
    return isinstance(value, shape)
