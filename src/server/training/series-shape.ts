import { REDUCTIONS, type Reduction, type SeriesAnswer, type SeriesQuery, spelled } from "../../runs/index.ts";
import { Refusal } from "./answer.ts";
import { entryOf, type Fields, maybeReal, maybeText, maybeTexts } from "./fields.ts";

/** What a query for series asks. @throws {Refusal} 400 or 422 naming the field. */
export function toSeriesQuery(fields: Fields): SeriesQuery {
  const reduce = fields.reduce ?? "roll_up";
  if (!REDUCTIONS.includes(reduce as Reduction)) throw new Refusal(400, "invalid_input", `reduce must be one of ${REDUCTIONS.join(", ")}.`);
  return {
    // Checked above.
    reduce: reduce as Reduction,
    withSuperseded: fields.superseded === true,
    ...Object.fromEntries([
      ...entryOf("maxPoints", maybeReal(fields, "max_points")),
      ...entryOf("keys", maybeTexts(fields, "keys")),
      ...entryOf("x", maybeText(fields, "x")),
      ...entryOf("from", maybeReal(fields, "from")),
      ...entryOf("to", maybeReal(fields, "to")),
    ]),
  };
}

/** One series of an answer: a column per figure of its buckets, or the points as `x` and `y`. */
export function toWireSeries(answer: SeriesAnswer): Record<string, unknown> {
  if (answer.reduce !== "roll_up") return { ...answer, y: answer.y.map(spelled) };
  const { key, reduce, bucketWidth, buckets } = answer;
  const column = (field: keyof (typeof buckets)[number]) => buckets.map((bucket) => spelled(bucket[field]));
  return {
    key,
    reduce,
    bucket_width: bucketWidth,
    from: column("from"),
    first_x: column("firstX"),
    last_x: column("lastX"),
    first: column("first"),
    last: column("last"),
    min: column("min"),
    max: column("max"),
    mean: column("mean"),
    count: column("count"),
    non_finite: column("nonFinite"),
  };
}
