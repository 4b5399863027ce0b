import { type LongPage, longPages } from "./long-pages.ts";
import type { Runs } from "./runs.ts";

/**
 * Every value of a run as an Arrow IPC stream, a row each: `seq` int64, `step` and `time` (epoch ms) float64, `key` dictionary of utf8, `value` float64. A null is
 * null, no value is no row; NaN and infinities are themselves. Not thinned, rewinds not applied; up to the row that was newest at the start.
 */
export async function* exportArrow(runs: Runs, runId: string): AsyncGenerator<Uint8Array> {
  const arrow = await import("apache-arrow");
  const { Dictionary, Field, Float64, Int32, Int64, makeData, RecordBatch, Schema, Struct, Utf8, vectorFromArray } = arrow;
  const keys = [...runs.open(runId).series.keys()];
  // A dictionary must have at least one entry.
  const dictionary = vectorFromArray(keys.length > 0 ? keys : [""], new Utf8());
  const keyType = new Dictionary(new Utf8(), new Int32(), 0);
  const fields = [
    new Field("seq", new Int64(), false),
    new Field("step", new Float64(), false),
    new Field("time", new Float64(), false),
    new Field("key", keyType, false),
    new Field("value", new Float64(), true),
  ];
  const schema = new Schema(fields);
  const toBatch = ({ seqs, steps, times, keys: codes, values, nulls }: LongPage) => {
    const length = values.length;
    const nullCount = nulls.reduce((sum, isNull) => sum + isNull, 0);
    const children = [
      makeData({ type: new Int64(), length, data: BigInt64Array.from(seqs, BigInt) }),
      makeData({ type: new Float64(), length, data: steps }),
      makeData({ type: new Float64(), length, data: times }),
      makeData({ type: keyType, length, data: codes, dictionary }),
      makeData({ type: new Float64(), length, data: values, nullCount, nullBitmap: nullCount === 0 ? null : presentBits(nulls) }),
    ];
    return new RecordBatch(schema, makeData({ type: new Struct(fields), length, nullCount: 0, children }));
  };
  const batches = async function* () {
    let isEmpty = true;
    for await (const page of longPages(runs, runId, keys)) {
      isEmpty = false;
      yield toBatch(page);
    }
    if (isEmpty) yield toBatch(NO_VALUES);
  };
  const writer = await arrow.RecordBatchStreamWriter.writeAll(batches());
  for await (const bytes of writer) yield bytes;
}

const NO_VALUES: LongPage = {
  seqs: new Float64Array(0),
  steps: new Float64Array(0),
  times: new Float64Array(0),
  keys: new Int32Array(0),
  values: new Float64Array(0),
  nulls: new Uint8Array(0),
};

/** Arrow's validity bitmap: a bit is set where there is a value. */
function presentBits(nulls: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(nulls.length / 64) * 8);
  for (let i = 0; i < nulls.length; i++) if (nulls[i] === 0) bits[i >> 3]! |= 1 << (i & 7);
  return bits;
}
