"""Packs of the browser and of Python: the same bytes, and each finds what was changed in either."""

import json
import subprocess
from pathlib import Path
from typing import Any

from hashing.evidence import manifest, sources
from tests.browser.test_modules import NODE, ROOT, needs_node
from tests.device.evidence.tampered import FILES, PACK, RESIGNED, VAULT, resigned
from tests.device.evidence.vault import MADE, signed, zipped

BUILD = """
import { readFileSync, writeFileSync, existsSync } from "node:fs";
import { build } from "./hashing/browser/evidence/pack.js";
import { EvidenceKeys } from "./hashing/browser/evidence/keys.js";
const { folder, out, madeAt, texts } = JSON.parse(process.argv[1]);
const { case: caseNumber, links, stamps } = JSON.parse(readFileSync(`${folder}/evidence.json`));
const bytes = (path) => existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
const CHUNK = 2 ** 20 + 16;
const source = {
  caseNumber, links,
  stamps: stamps.map((each) => {
    return { ...each, token: Uint8Array.from(Buffer.from(each.token, "base64")) };
  }),
  record: async (id) => bytes(`${folder}/records/${id}`),
  chunks: async (id) => {
    const whole = bytes(`${folder}/files/${id}`);
    return whole && (async function* () {
      for (let at = 0; at < whole.length; at += CHUNK) yield whole.slice(at, at + CHUNK);
    })();
  },
};
let progress = 0;
const { pack, manifest } = await build(source, await EvidenceKeys.of("00".repeat(32)), {
  madeAt: new Date(madeAt), madeBy: "takeback tests", offset: () => 60,
  documents: () => Object.entries(texts).map(([path, text]) => {
    return [path, new TextEncoder().encode(text)];
  }),
  progress: (part) => { progress += part; },
});
writeFileSync(out, Buffer.from(await pack.arrayBuffer()));
console.log(JSON.stringify({ progress, left_out: manifest.left_out }));
"""
VERIFY = """
import { openAsBlob } from "node:fs";
import { verify } from "./hashing/browser/evidence/verification.js";
const answers = {};
for (const [name, path] of Object.entries(JSON.parse(process.argv[1]))) {
  try {
    answers[name] = (await verify(await openAsBlob(path))).faults;
  } catch (err) {
    answers[name] = err.code ?? `${err.stack}`;
  }
}
console.log(JSON.stringify(answers));
"""


def run(script: str, given: object) -> Any:
    command = [str(NODE), "--input-type=module", "--eval", script, json.dumps(given)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def built(folder: Path) -> tuple[bytes, dict[str, Any]]:
    texts = {name: FILES[name].decode() for name in FILES if name.endswith(".txt")}
    del texts["sha256sums.txt"]
    out = folder / "pack.zip"
    given = {"folder": str(folder / "folder"), "out": str(out), "madeAt": MADE.isoformat()}
    answer = run(BUILD, given | {"texts": texts})
    return out.read_bytes(), answer


@needs_node
def test_the_browser_makes_the_same_pack_to_the_bit(tmp_path: Path) -> None:
    sources.write_folder(VAULT, tmp_path / "folder")
    packed, answer = built(tmp_path)
    assert packed == VAULT.pack()
    assert answer["progress"] == sum(len(FILES[path]) for path in FILES if path != manifest.STAMP)


@needs_node
def test_the_browser_leaves_out_what_cannot_be_opened(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    sources.write_folder(VAULT, folder)
    ids = {each.entry.sequence: each.entry.id for each in VAULT.links}
    (folder / "records" / ids[5]).write_bytes((folder / "records" / ids[6]).read_bytes())
    (folder / "files" / ids[1]).write_bytes(bytes(65_552))
    (folder / "records" / ids[8]).unlink()
    packed, answer = built(tmp_path)
    assert {each["sequence"]: each["why"] for each in answer["left_out"]} == {
        1: "damaged", 3: "removed", 5: "damaged", 8: "missing",
    }  # fmt: skip
    (tmp_path / "checked.zip").write_bytes(packed)
    assert run(VERIFY, {"it": str(tmp_path / "checked.zip")}) == {"it": []}


@needs_node
def test_the_browser_finds_whatever_was_changed(tmp_path: Path) -> None:
    packs = {"unchanged": PACK, "another zip": zipped({"a": b""}), "no zip": b"no zip"}
    packs |= {why: zipped(signed(resigned(why), VAULT.keys)) for why in RESIGNED}
    packs |= {f"{path} changed": zipped(FILES | {path: FILES[path] + b"!"}) for path in FILES}
    packs |= {
        f"{path} missing": zipped({each: FILES[each] for each in FILES if each != path})
        for path in FILES
        if path != manifest.STAMP
    }
    metadata = len(PACK) - 2900
    packs |= {
        f"byte {at}": PACK[:at] + bytes([PACK[at] ^ 1]) + PACK[at + 1 :]
        for at in (0, 8, 20, *range(metadata, len(PACK), 61), len(PACK) - 1)
    }
    packs |= {"cut": PACK[:-5], "added": PACK + b"more", "before": b"more" + PACK}
    paths = {}
    for n, (name, content) in enumerate(packs.items()):
        paths[name] = str(tmp_path / f"{n}.zip")
        Path(paths[name]).write_bytes(content)
    answers = run(VERIFY, paths)
    assert answers["unchanged"] == []
    for name in ("another zip", "no zip", "manifest.json missing"):
        assert answers.pop(name) == "NoPack"
    assert {name: each for name, each in answers.items() if isinstance(each, str)} == {}
    missed = [name for name, each in answers.items() if not each and name != "unchanged"]
    assert missed == ["manifest.tsr changed"]  # after its end: who signed is not checked here
    for path in FILES:
        if path not in manifest.AFTER:
            assert {"code": "changed", "path": path} in answers[f"{path} changed"]
            assert {"code": "missing", "path": path} in answers[f"{path} missing"]
