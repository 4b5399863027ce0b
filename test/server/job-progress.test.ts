import { describe, expect, test } from "vitest";
import type { TrainReport } from "../../src/engine/train/progress.ts";
import { JobProgress } from "../../src/server/jobs/job-progress.ts";

const node = (fields: object): TrainReport =>
  ({
    type: "node",
    node_id: "n1",
    parent_id: null,
    kind: "train",
    label: null,
    status: "start",
    message: "m",
    started_at: 0,
    ended_at: null,
    at: 0,
    ...fields,
  }) as TrainReport;
const points = (series: string, step: number[], value: (number | null)[]): TrainReport => ({
  type: "points",
  series,
  node_id: "n3",
  fold: 1,
  split: "training",
  measure: "rmse",
  step,
  value,
  at: 0,
});

describe("what is gathered between two flushes", () => {
  test("of several reports on a node the latest goes on, in its first place", () => {
    const progress = new JobProgress("job-0000000000abcdef", 0);
    progress.add(node({ node_id: "n1" }));
    progress.add(node({ node_id: "n2" }));
    progress.add(node({ node_id: "n1", status: "done" }));
    expect(progress.take().map(({ data }) => [(data as { node_id: string }).node_id, (data as { status: string }).status])).toEqual([
      ["n1", "done"],
      ["n2", "start"],
    ]);
    expect(progress.isDirty).toBe(false);
    expect(progress.take()).toEqual([]);
  });

  test("points of a curve become one, and no event has more than 5,000 of them", () => {
    const progress = new JobProgress("job-0000000000abcdef", 0);
    for (let i = 0; i < 12; i++)
      progress.add(
        points(
          "a",
          Array.from({ length: 1000 }, (_, j) => i * 1000 + j),
          new Array(1000).fill(0.5),
        ),
      );
    progress.add(points("b", [1], [Number.POSITIVE_INFINITY]));
    const events = progress
      .take()
      .map(({ data }) => (data as { points: { series: string; step: number[]; value: (number | null)[] }[] }).points);
    for (const batch of events) expect(batch.reduce((sum, part) => sum + part.step.length, 0)).toBeLessThanOrEqual(5000);
    const all = events.flat();
    expect(all.filter((part) => part.series === "a").flatMap((part) => part.step)).toEqual(Array.from({ length: 12_000 }, (_, i) => i));
    expect(all.find((part) => part.series === "b")).toMatchObject({ step: [1], value: [null] });
  });

  test("R-158: what a report does not say keeps its value", () => {
    const progress = new JobProgress("job-0000000000abcdef", 0);
    progress.add(node({ node_id: "pb1", kind: "outer_resampling", fraction: 0.2, remaining_seconds: 30, message: "" }));
    progress.add({ type: "text", level: "info", message: "words", at: 0 });
    progress.add(node({ node_id: "n4", message: "" }));
    expect(progress.snapshot).toEqual({ stage: "train", fraction: 0.2, remainingSeconds: 30, lastMessage: "words" });
  });
});
