"""The modules of the pages in Node.js: their own tests, and what a camera reads of a QR code."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NODE = Path(sys.executable).parent / "node"
DRAW = """
import { qrModules } from "./service/web/static/qr.js";
const answers = JSON.parse(process.argv[1]).map((content) => {
  try { return qrModules(content).map((row) => row.map(Number)); } catch (err) { return err.name; }
});
console.log(JSON.stringify(answers));
"""
WRITE = """
import { formatMessage } from "./service/web/static/message.js";
console.log(formatMessage(JSON.parse(process.argv[1])));
"""
LIKE_OURS = "998-599-8449 hiccup bison journey window fasten toucan scroll"

needs_node = pytest.mark.skipif(
    not NODE.exists(), reason="node is not in the environment: install the group `test`"
)


def run(script: str, given: object) -> str:
    command = [str(NODE), "--input-type=module", "--eval", script, json.dumps(given)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_node
def test_the_modules_pass_their_own_tests() -> None:
    files = sorted(HERE.glob("*.test.mjs"))
    assert len(files) >= 8
    done = subprocess.run(
        [str(NODE), "--test", *map(str, files)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@needs_node
def test_a_camera_reads_each_version_of_the_code() -> None:
    lengths = (1, 14, 15, 26, 27, 42, 43, 62, 63, 84, 85, 106)
    contents = [LIKE_OURS, "é ñ ض", *("x1 Zq-7"[n % 7] * n for n in lengths)]
    for content, drawn in zip(contents, json.loads(run(DRAW, contents)), strict=True):
        white = np.pad(1 - np.array(drawn), 4, constant_values=1).astype(np.uint8) * 255
        large = cv2.resize(white, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST)
        assert cv2.QRCodeDetector().detectAndDecode(large)[0] == content


@needs_node
def test_too_much_for_a_code_is_refused() -> None:
    assert json.loads(run(DRAW, ["x" * 107])) == ["RangeError"]


@needs_node
def test_the_message_is_json_of_one_line_a_hash() -> None:
    frame = {"at_ms": 0, "until_ms": 250, "type": "pdq", "value": "ab" * 32, "quality": 100}
    document = {
        "version": 1,
        "access_key": "cd" * 32,
        "eligibility": {"subject": "self", "adults": True, "intimate": True},
        "entries": [
            {"kind": "picture", "signals": [{"type": "md5", "value": "ef" * 16}]},
            {"kind": "video", "signals": [], "frames": [frame, frame]},
        ],
    }
    text = run(WRITE, document)
    assert json.loads(text) == document
    assert text.count('"value"') == sum('"value"' in line for line in text.splitlines())
