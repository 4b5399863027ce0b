import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RunMessage, SpelledValue } from "../../src/client/index.ts";
import { RunLog } from "../../src/ui/store/runs-log.ts";

const RUN = "run-1";

/** Rows seq − n + 1 … seq of one series. */
function points(seq: number, steps: readonly number[], values: readonly SpelledValue[], key = "loss"): RunMessage {
  return { type: "points", run: RUN, seq, steps, times: steps.map((step) => 1000 + step), values: { [key]: values } };
}

function curve(log: RunLog, key = "loss"): [number, number][] {
  const { now } = log.series.get(key)!.project("step");
  return Array.from(now.x, (x, i) => [x, now.yAt(i)]);
}

describe("a run's log in the page", () => {
  test("U-10: whatever is sent again after a reconnect, in whichever cuts, each row is there once and none is missing", () => {
    const all = Array.from({ length: 60 }, (_, i) => i + 1);
    fc.assert(
      fc.property(
        fc.array(fc.record({ back: fc.nat(15), take: fc.integer({ min: 1, max: 20 }) }), { minLength: 1, maxLength: 40 }),
        (cuts) => {
          const log = new RunLog(RUN);
          for (const { back, take } of cuts) {
            const from = Math.max(0, log.seq - back);
            const rows = all.slice(from, from + take);
            if (rows.length === 0) continue;
            log.apply(
              points(
                from + rows.length,
                rows,
                rows.map((step) => step / 4),
              ),
            );
          }
          expect(curve(log)).toEqual(all.slice(0, log.seq).map((step) => [step, step / 4]));
        },
      ),
    );
  });

  test("a value that is missing is no point; NaN and infinities are kept apart and break the line", () => {
    const log = new RunLog(RUN);
    log.apply(points(5, [1, 2, 3, 4, 5], [0.5, null, "NaN", "Inf", "-Inf"]));
    const series = log.series.get("loss")!;
    expect(Array.from({ length: series.length }, (_, i) => series.valueAt(i))).toEqual([0.5, Number.NaN, Infinity, -Infinity]);
    expect(log.series.get("loss")!.project("step").now.brokenCount).toBe(3);
  });

  test("sparse columns keep their rows, also when the first rows are known already", () => {
    const log = new RunLog(RUN);
    log.apply(points(2, [1, 2], [9, 8]));
    log.apply({
      type: "points",
      run: RUN,
      seq: 5,
      steps: [2, 3, 4, 5],
      times: [0, 0, 0, 0],
      values: { loss: [8, 7, 6, 5], accuracy: { rows: [0, 3], values: [0.1, 0.5] } },
    });
    expect(curve(log)).toEqual([
      [1, 9],
      [2, 8],
      [3, 7],
      [4, 6],
      [5, 5],
    ]);
    expect(curve(log, "accuracy")).toEqual([[5, 0.5]]);
  });

  test("L-18, L-79: points may come in any order of steps and twice at one step; the curve goes by step and loses none", () => {
    const log = new RunLog(RUN);
    log.apply(points(5, [5, 1, 3, 3, 2], [50, 10, 30, 31, 20]));
    expect(curve(log)).toEqual([
      [1, 10],
      [2, 20],
      [3, 30],
      [3, 31],
      [5, 50],
    ]);
  });

  test("after a rewind the stretch that is told anew stands apart, and the new one counts", () => {
    const log = new RunLog(RUN);
    log.apply(points(4, [1, 2, 3, 4], [4, 3, 9, 9]));
    const shown = log.series.get("loss")!.project("step");
    log.apply({ type: "rewind", run: RUN, seq: 5, branch: 1, from_step: 3 });
    log.apply(points(7, [3, 4], [2, 1]));
    expect([...shown.now.y]).toEqual([4, 3, 2, 1]);
    expect([...shown.before.x]).toEqual([3, 4]);
    expect([...shown.before.y]).toEqual([9, 9]);
  });

  test("any series can be x: each point stands at the other's last value at or before its row", () => {
    const log = new RunLog(RUN);
    log.apply({
      type: "points",
      run: RUN,
      seq: 4,
      steps: [1, 2, 3, 4],
      times: [0, 0, 0, 0],
      values: { loss: [4, 3, 2, 1], epoch: { rows: [1, 3], values: [10, 20] } },
    });
    const { now } = log.series.get("loss")!.project("key:epoch");
    expect([...now.x]).toEqual([10, 10, 20]);
    expect([...now.y]).toEqual([3, 2, 1]);
  });

  test("U-14: a thinned stretch is told with its number of rows, and is not taken twice", () => {
    const log = new RunLog(RUN);
    const parts = [{ steps: [1, 500, 1000], times: [1, 2, 3], values: { loss: [3, 9, 1] } }];
    const message: RunMessage = { type: "thinned", run: RUN, from_seq: 1, seq: 1000, rows: 3, of: 1000, parts };
    log.apply(message);
    log.apply(message);
    log.apply(points(1001, [1001], [0.5]));
    expect(curve(log).map(([step]) => step)).toEqual([1, 500, 1000, 1001]);
    expect(log.thinned).toEqual({ rows: 3, of: 1000, untilRow: 2 });
  });

  test("a server whose log is shorter than ours has another log: what was known is let go", () => {
    const log = new RunLog(RUN);
    log.apply(points(3, [1, 2, 3], [1, 1, 1]));
    const { now } = log.series.get("loss")!.project("step");
    log.apply({ type: "snapshot", run: RUN, seq: 1, state: "running", name: "r" });
    log.apply(points(1, [1], [7]));
    expect([...now.y]).toEqual([7]);
    expect(log.seq).toBe(1);
  });

  test("a log that has grown large is taken anew: what is drawn stays until the first message, then only the new is there", () => {
    const log = new RunLog(RUN);
    log.apply(points(3, [1, 2, 3], [1, 2, 3]));
    const { now } = log.series.get("loss")!.project("step");
    expect(log.valueCount).toBe(3);
    log.restart();
    expect([...now.y]).toEqual([1, 2, 3]);
    expect(log.seq).toBe(0);
    log.apply({ type: "snapshot", run: RUN, seq: 9, state: "running", name: "r" });
    log.apply({
      type: "thinned",
      run: RUN,
      from_seq: 1,
      seq: 9,
      rows: 2,
      of: 9,
      parts: [{ steps: [1, 9], times: [0, 0], values: { loss: [1, 9] } }],
    });
    expect([...now.y]).toEqual([1, 9]);
    expect([log.valueCount, log.seq]).toEqual([2, 9]);
  });

  test("states, lines and alerts are there once each, in order; the end is the one that was said", () => {
    const log = new RunLog(RUN);
    let told = 0;
    log.subscribe(() => told++);
    const stopped: RunMessage = {
      type: "state",
      run: RUN,
      seq: 2,
      at: 5,
      from: "running",
      to: "stopped",
      cause: "asked",
      actor: "user",
      reason: null,
    };
    log.apply({ type: "log", run: RUN, seq: 1, at: 4, level: "WARNING", message: "hot" });
    log.apply(stopped);
    log.apply(stopped);
    log.apply({ type: "end", run: RUN, state: "stopped", reason: null, exit_code: null, finished_at: 5 });
    expect(log.lines.map(({ level, message }) => [level, message])).toEqual([["warning", "hot"]]);
    expect(log.changes).toHaveLength(1);
    expect(log.state).toBe("stopped");
    expect(log.hasEnded).toBe(true);
    expect(told).toBe(2);
  });
});
