// A line of the engine's table of speed. Written only where `npm run bench:engine` asks for it, so that each benchmark still runs by itself.
import { appendFileSync } from "node:fs";

/** `what` was measured in `own` seconds of processor, the peer's in `theirs`; `limit` is for their ratio, null where there is none at this size. */
export function record(what, peer, own, theirs, limit) {
  const file = process.env.TRAINYARD_BENCH_RECORDS;
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ what, peer, own, theirs, limit })}\n`);
}
