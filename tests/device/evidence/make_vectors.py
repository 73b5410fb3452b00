"""Writes tests/vectors/evidence.json with `cryptography` alone: none of our own functions.

python -m tests.device.evidence.make_vectors > tests/vectors/evidence.json
"""

import hashlib
import json
import sys
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VAULT = hashlib.sha256(b"vault key of the vectors").digest()
RECORD_ID, FILE_ID = bytes(range(16)), bytes(range(16, 32))
MIB, STEP = 1 << 20, 1 << 16
CASE = "998-599-8449"


def expand(secret: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=info).derive(secret)


def sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def written(document: object) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


EVIDENCE = expand(VAULT, b"takeback evidence v1")

RECORDS: list[tuple[str, dict[str, Any]]] = [
    ("the least", {"kind": "message", "captured_at": "2026-11-30T15:20:31Z"}),
    (
        "all fields, of several scripts, and one of a later version",
        {
            "kind": "post",
            "platform": "Telegram",
            "address": "https://example.com/a?b=1#c",
            "final_address": "https://example.com/z",
            "display_name": "أحمد 🙂 \u2028",
            "user_name": "@someone",
            "profile_id": "1234567890",
            "person": "the man from the gym\n\t“second” account \\ / \x80",
            "captured_at": "2026-11-30T15:20:31Z",
            "happened_at": "2026-11-29",
            "clock": "device",
            "captured_by": "owner",
            "how": "screenshot on my phone",
            "tool": "takeback 0.1.0",
            "note": "=1+1 जो हुआ 무슨 일",
            "files": [
                {
                    "id": FILE_ID.hex(),
                    "name": "../eñe.png",
                    "media_type": "image/png",
                    "size": 5,
                    "sha256": sha256(b"hello").hex(),
                    "root": "00" * 32,
                }
            ],
            "replaces": RECORD_ID.hex(),
            "signer": "ab" * 32,
            "later": {"b": [1, -2, True, None], "a": {"\x61_1": ""}},
        },
    ),
]

NOT_CANONICAL = [
    ("white space", '{"a": 1}'),
    ("order", '{"b":1,"a":1}'),
    ("a name twice", '{"a":1,"a":1}'),
    ("a fraction", '{"a":1.5}'),
    ("a whole number written as a fraction", '{"a":1.0}'),
    ("an exponent", '{"a":1e2}'),
    ("less than nothing", '{"a":-0}'),
    ("too large a number", '{"a":9007199254740993}'),
    ("an escape that is not needed", '{"a":"\\u0041"}'),
    ("half a character", '{"a":"\\ud800"}'),
    ("a name in capitals", '{"A":1}'),
    ("a name that begins with a line", '{"__proto__":1}'),
    ("a list", "[]"),
    ("nothing", ""),
    ("no number", '{"a":NaN}'),
    ("nine levels", '{"a":' + "[" * 9 + "]" * 9 + "}"),
]

INVALID_RECORDS = [
    ({"kind": "post"}, "captured_at"),
    ({"captured_at": "2026-11-30T15:20:31Z"}, "kind"),
    ({"kind": "rumour", "captured_at": "2026-11-30T15:20:31Z"}, "kind"),
    ({"kind": "post", "captured_at": "2026-11-30T15:20:31+01:00"}, "captured_at"),
    ({"kind": "post", "captured_at": "2026-02-29T15:20:31Z"}, "captured_at"),
    ({"kind": "post", "captured_at": "2026-11-30T15:20:31Z", "happened_at": "1.2.26"}, "happened"),
    ({"kind": "post", "captured_at": "2026-11-30T15:20:31Z", "note": ""}, "note"),
    ({"kind": "post", "captured_at": "2026-11-30T15:20:31Z", "user_name": "🙂" * 301}, "user_name"),
    ({"kind": "post", "captured_at": "2026-11-30T15:20:31Z", "person": "\x1b[2J"}, "person"),
    ({"kind": "post", "captured_at": "2026-11-30T15:20:31Z", "person": 5}, "person"),
    ({"kind": "post", "captured_at": "2026-11-30T15:20:31Z", "replaces": "AB" * 16}, "replaces"),
    ({"kind": "post", "captured_at": "2026-11-30T15:20:31Z", "files": []}, "files"),
    ({"kind": "post", "captured_at": "2026-11-30T15:20:31Z", "files": [{"id": "x"}]}, "file"),
]


def sealed_record(document: dict[str, Any], nonce: bytes) -> dict[str, Any]:
    key = expand(EVIDENCE, b"takeback evidence record v1" + RECORD_ID)
    bound = b"takeback evidence record v1" + RECORD_ID
    plain = written(document).encode()
    filled = plain + bytes(-len(plain) % 1024)
    stored = sha256(bound + key) + nonce + AESGCM(key).encrypt(nonce, filled, bound)
    return {
        "canonical": plain.decode(),
        "key": key.hex(),
        "nonce": nonce.hex(),
        "stored": stored.hex(),
    }


def content(size: int) -> bytes:
    """The same bytes in every language: a third of a counter's square."""
    return bytes(n * n // 3 & 255 for n in range(size))


def sealed_file(size: int) -> dict[str, Any]:
    plain = content(size)
    key = expand(EVIDENCE, b"takeback evidence file v1" + FILE_ID + sha256(plain))
    bound = b"takeback evidence file v1" + FILE_ID
    parts = [plain[at : at + MIB] for at in range(0, size, MIB)] or [b""]
    digests = []
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        nonce = (number + (1 << 95 if last else 0)).to_bytes(12, "big")
        filled = (part + bytes(-len(part) % STEP)) or bytes(STEP)
        digests.append(sha256(AESGCM(key).encrypt(nonce, filled, bound)))
    return {
        "size": size,
        "sha256": sha256(plain).hex(),
        "key": key.hex(),
        "chunks": [one.hex() for one in digests],
        "root": sha256(bound[:25] + b"".join(digests)).hex(),
    }


def chain() -> dict[str, Any]:
    link = sha256(b"takeback evidence chain v1" + CASE.encode())
    found: dict[str, Any] = {"case": CASE, "start": link.hex(), "links": []}
    acts = [("file", 1), ("record", 2), ("removed", 1), ("record", 3)]
    for n, (act, which) in enumerate(acts, 1):
        entry = {
            "act": act,
            "at": f"2026-11-30T15:2{n}:00Z",
            "digest": sha256(bytes([which])).hex(),
            "id": bytes([which] * 16).hex(),
            "sequence": n,
        }
        link = sha256(link + written(entry).encode())
        found["links"].append({"entry": entry, "link": link.hex()})
    return found


def vectors() -> dict[str, Any]:
    signing = Ed25519PrivateKey.from_private_bytes(
        expand(EVIDENCE, b"takeback evidence signature v1")
    )
    capture = X25519PrivateKey.from_private_bytes(expand(EVIDENCE, b"takeback evidence capture v1"))
    return {
        "about": "Evidence under a vault key, docs/evidence-format.md. Python and the browser must "
        "give the same. Made with `cryptography` alone, by tests/device/evidence/make_vectors.py.",
        "vault": VAULT.hex(),
        "record_id": RECORD_ID.hex(),
        "file_id": FILE_ID.hex(),
        "secret": EVIDENCE.hex(),
        "signer": signing.public_key().public_bytes_raw().hex(),
        "signed": {"message": "a manifest", "signature": signing.sign(b"a manifest").hex()},
        "capture": capture.public_key().public_bytes_raw().hex(),
        "records": [
            {"why": why, "document": document, **sealed_record(document, bytes([n] * 12))}
            for n, (why, document) in enumerate(RECORDS)
        ],
        "not_canonical": [{"why": why, "text": text} for why, text in NOT_CANONICAL],
        "invalid": [{"document": document, "names": names} for document, names in INVALID_RECORDS],
        "files": [sealed_file(size) for size in (0, 5, STEP, MIB, MIB + 5)],
        "chain": chain(),
    }


if __name__ == "__main__":
    json.dump(vectors(), sys.stdout, indent=1)
    sys.stdout.write("\n")
