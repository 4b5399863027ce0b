import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { daemons, mirai } from "../../dist/tasks/index.js";
import { Gate, passedBeyond } from "../../src/tasks/links/gate.ts";

/** Appends its number to a file; the one that is to be long then blocks its daemon for ever. */
function step({ i, long, file }: { readonly i: number; readonly long: number; readonly file: string }): number {
  process.getBuiltinModule("node:fs").appendFileSync(file, `${i}\n`);
  while (i === long);
  return i;
}

describe.each([
  ["processes", {}],
  ["processes that may finish", { autoExit: "finish" as const }],
  ["threads", { thread: true }],
])("tasks that are given ahead: %s", (name, kind) => {
  test("none waits behind a long one, also when that blocks its daemon; each runs once", async () => {
    const profile = `ahead, ${name}`;
    const folder = mkdtempSync(join(tmpdir(), "trainyard-ahead-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "ran.txt");
    const set = await daemons(2, { profile, cleanup: false, ...kind });
    onTestFinished(async () => void (await set.reset()));
    // Short ones first, so that daemons are given many at a time.
    await Promise.all(Array.from({ length: 400 }, (_, i) => mirai(step, { i, long: -1, file }, { profile })));
    const handles = Array.from({ length: 400 }, (_, i) => mirai(step, { i: 1000 + i, long: 1100, file }, { profile }));
    const [endless] = handles.splice(100, 1);
    const values = await Promise.all(handles);
    expect(values).toEqual(Array.from({ length: 400 }, (_, i) => 1000 + i).filter((i) => i !== 1100));
    expect(endless!.state).toBe("running");
    // The daemon that was stuck serves again, and knows nothing of what was taken from it.
    expect(endless!.cancel()).toBe(true);
    expect(await mirai(step, { i: 2000, long: -1, file }, { profile })).toBe(2000);
    const ran = readFileSync(file, "utf8").trim().split("\n");
    expect(ran.length).toBe(801);
    expect(new Set(ran).size).toBe(801);
  });

  test("many that are submitted in one turn of a busy host come back right, whatever is taken back meanwhile", async () => {
    const profile = `many, ${name}`;
    const set = await daemons(2, { profile, cleanup: false, ...kind });
    onTestFinished(async () => void (await set.reset()));
    for (let round = 0; round < 3; round++) {
      const handles = Array.from({ length: 5000 }, (_, i) => mirai((n: number) => n, i, { profile }));
      const end = performance.now() + 50;
      while (performance.now() < end); // answers of the first tasks are late, so that they look long
      expect(await Promise.all(handles)).toEqual(Array.from(handles, (_, i) => i));
    }
  });

  test("M-12: with one daemon the order of submission is kept, whatever is taken back and given again", async () => {
    const profile = `order, ${name}`;
    const set = await daemons(1, { profile, cleanup: false, ...kind });
    onTestFinished(async () => void (await set.reset()));
    const wait = ({ i, ms }: { readonly i: number; readonly ms: number }): Promise<number> | number => {
      const state = globalThis as { order?: number[] };
      state.order ??= [];
      state.order.push(i);
      return ms === 0 ? i : new Promise((resolve) => setTimeout(() => resolve(i), ms));
    };
    const handles = Array.from({ length: 600 }, (_, i) => mirai(wait, { i, ms: i % 150 === 149 ? 30 : 0 }, { profile }));
    await Promise.all(handles);
    const order = await mirai(() => (globalThis as { order?: number[] }).order, undefined, { profile });
    expect(order).toEqual(Array.from(handles, (_, i) => i));
  });
});

test("a thread that gets one task right after the other still gives its timers a turn", async () => {
  const profile = "timers";
  const set = await daemons(1, { profile, thread: true });
  onTestFinished(async () => void (await set.reset()));
  await mirai(() => void setTimeout(() => Object.assign(globalThis, { hasFired: true }), 1), undefined, { profile });
  while (!(await mirai(() => "hasFired" in globalThis, undefined, { profile })));
});

test("nothing passes a closed gate, and who closed it knows how many did, also after the count has wrapped", () => {
  const gate = new Gate();
  expect([gate.pass(), gate.pass(), gate.pass()]).toEqual([true, true, true]);
  expect(gate.close()).toBe(3);
  expect(gate.pass()).toBe(false);
  expect(gate.close()).toBe(3);
  gate.open();
  expect(gate.pass()).toBe(true);
  new Int32Array(gate.memory)[0] = -2; // 2^31 - 1 have passed
  expect(gate.pass()).toBe(true);
  expect(gate.close()).toBe(0);
  expect(passedBeyond(0, 2 ** 31 - 3)).toBe(3);
  expect(passedBeyond(7, 2 ** 31 + 5)).toBe(2);
});
