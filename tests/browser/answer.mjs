// Answers what tests/device/test_browser_core.py asks: `node answer.mjs QUESTIONS.json BYTES`.
// Each question names a task and where in BYTES its bytes are; the answers are one JSON list.

import { readFileSync } from "node:fs";
import { Md5 } from "../../hashing/browser/algorithms/md5.js";
import * as pdq from "../../hashing/browser/algorithms/pdq.js";
import * as phash from "../../hashing/browser/algorithms/phash.js";
import { oneMoment } from "../../hashing/browser/media/fields.js";
import { lumaOfFrame, lumaOfRgb, squeeze, upright } from "../../hashing/browser/media/pixels.js";
import { BOX, LANCZOS, resample } from "../../hashing/browser/luma.js";
import { Sha256 } from "../../hashing/browser/algorithms/sha256.js";
import { documentOf } from "../../hashing/browser/submission.js";
import { fold } from "../../hashing/browser/media/timeline.js";
import { digest, pair, signalsOf } from "./pictures.mjs";

const TASKS = {
  signals: (data, { rows, columns }) => signalsOf(squeeze({ data, rows, columns })),
  pdq: (data, { rows, columns }) => pair(pdq.compute({ data, rows, columns })),
  upright: (data, { rows, columns, orientation }) => {
    const turned = upright(squeeze({ data, rows, columns }), orientation);
    return [turned.rows, turned.columns, digest(turned.data)];
  },
  rgb: (bytes, raster) => digest(lumaOfRgb(bytes, raster).data),
  frame: (bytes, raster) => digest(lumaOfFrame(bytes, raster).data),
  moment: async (buffer, { rows, columns }) => {
    const both = Uint8Array.from(buffer); // a slice of a Buffer is no copy
    const [data, next] = [both.subarray(0, rows * columns), both.subarray(rows * columns)];
    const following = async () => ({ data: next, rows, columns });
    return digest((await oneMoment({ data, rows, columns }, following)).data);
  },
  resample: (data, { rows, columns, high, wide, filter }) =>
    digest(resample({ data, rows, columns }, high, wide, { BOX, LANCZOS }[filter]).data),
  spectrum: (bytes) => Buffer.from(phash.spectrum(bytes).buffer).toString("hex"),
  md5: (bytes, { chunk }) => streamed(new Md5(), bytes, chunk),
  sha256: (bytes, { chunk }) => streamed(new Sha256(), bytes, chunk),
  fold: (_, { frames }) => fold(frames),
  document: (_, { made }) => JSON.stringify(documentOf(made)),
};

function streamed(hasher, bytes, chunk) {
  for (let at = 0; at < bytes.length; at += chunk) hasher.update(bytes.subarray(at, at + chunk));
  return hasher.digest();
}

const [questions, bytes] = process.argv.slice(2).map((path) => readFileSync(path));
const answers = await Promise.all(JSON.parse(questions.toString()).map((question) =>
  TASKS[question.task](bytes.subarray(question.at, question.at + question.length), question),
));
process.stdout.write(JSON.stringify(answers));
