/**
 * The entry of the worker that does the proof of work, beside the one that hashes. As that one, it
 * is started when the page is loaded, and has no network.
 *
 *     worker → page  {ready: true}, once
 *     page → worker  {challenge, accessKey, from, pieces}
 *     worker → page  {nonce} for each piece, in order
 */

import { nonceOf, seedOf } from "../work.js";

self.addEventListener("message", ({ data: { challenge, accessKey, from, pieces } }) => {
  const seed = seedOf(challenge, accessKey);
  for (let piece = from; piece < pieces; piece += 1) self.postMessage({ nonce: nonceOf(seed, piece) });
});
self.postMessage({ ready: true });
