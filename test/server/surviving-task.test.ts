import { describe, expect, test } from "vitest";
import { TrainyardError } from "../../src/core/errors.ts";
import { begin, submitSurviving } from "../../src/server/jobs/surviving-task.ts";
import type { ComputeProfile, SubmitOptions, TaskContext } from "../../src/tasks/profile.ts";

const LOST = new TrainyardError("daemon_lost", "gone");

/** What happens to the task at each daemon it is given to. */
type Fate = "dies before" | "dies after" | "throws" | "ends";

function profileOf(fates: readonly Fate[]) {
  let given = 0;
  const submit = (_task: unknown, _args: unknown, options: SubmitOptions) => {
    const fate = fates[given++];
    options.onStart?.(`d${given}`);
    const result = (async () => {
      if (fate === "dies before") throw LOST;
      const context = { note: (value: unknown) => options.onNote?.(value, "note"), breathe: async () => {} };
      await begin(context as unknown as TaskContext);
      options.onNote?.("point", "note");
      if (fate === "dies after") throw LOST;
      if (fate === "throws") throw new Error("its own");
      return "value";
    })();
    return { result };
  };
  return { profile: { submit } as unknown as ComputeProfile, given: () => given };
}

describe("a task that survives its daemon", () => {
  const run = (fates: readonly Fate[], options: Parameters<typeof submitSurviving>[3] = {}) => {
    const { profile, given } = profileOf(fates);
    return { outcome: submitSurviving(profile, { module: "m", export: "e" }, 0, options), given };
  };
  const times = (count: number, fate: Fate): Fate[] => Array(count).fill(fate);

  test("a death counts once it has begun: the first is survived, the second is its failure", async () => {
    const survived = run(["dies after", "ends"]);
    expect(await survived.outcome).toBe("value");
    const lost = run(["dies after", "dies after", "ends"]);
    await expect(lost.outcome).rejects.toBe(LOST);
    expect(lost.given()).toBe(2);
  });

  test("daemons that were dead before it began do not count, ten times", async () => {
    expect(await run(["dies after", ...times(10, "dies before"), "ends"]).outcome).toBe("value");
    const hopeless = run(times(20, "dies before"));
    await expect(hopeless.outcome).rejects.toBe(LOST);
    expect(hopeless.given()).toBe(11);
  });

  test("what it throws itself is final; so is a death after the signal aborted", async () => {
    const thrown = run(["throws", "ends"]);
    await expect(thrown.outcome).rejects.toThrow("its own");
    expect(thrown.given()).toBe(1);
    const stopped = run(["dies before", "ends"], { signal: AbortSignal.abort() });
    await expect(stopped.outcome).rejects.toBe(LOST);
    expect(stopped.given()).toBe(1);
  });

  test("it is said to start once, and the note that it has begun stays inside", async () => {
    const seen: unknown[] = [];
    const { outcome } = run(["dies before", "dies after", "ends"], { onStart: (id) => seen.push(id), onNote: (note) => seen.push(note) });
    await outcome;
    expect(seen).toEqual(["d1", "point", "point"]);
  });
});
