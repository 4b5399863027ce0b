import { expect, test } from "vitest";
import { UnitQueue } from "../../src/engine/train/unit-queue.ts";

function gate(): { promise: Promise<void>; open: () => void } {
  let open = (): void => {};
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

test("units start by priority, then by arrival, no more at once than the limit", async () => {
  const queue = new UnitQueue(() => 1);
  const first = gate();
  const started: string[] = [];
  const add = (name: string, priority: number, wait?: Promise<void>) =>
    queue.add(priority, async () => {
      started.push(name);
      await wait;
    });
  const all = [add("fold 1", 1, first.promise), add("final", 9), add("fold 2 a", 2), add("fold 1 late", 1), add("fold 2 b", 2)];
  expect(started).toEqual(["fold 1"]);
  first.open();
  await Promise.all(all);
  expect(started).toEqual(["fold 1", "fold 1 late", "fold 2 a", "fold 2 b", "final"]);
});

test("after stop nothing new starts and everything that waited is refused with the reason", async () => {
  const queue = new UnitQueue(() => 1);
  const first = gate();
  const running = queue.add(1, () => first.promise);
  const waiting = queue.add(2, async () => "never");
  queue.stop(new Error("cancelled by test"));
  await expect(waiting).rejects.toThrow("cancelled by test");
  await expect(queue.add(1, async () => "never")).rejects.toThrow("cancelled by test");
  first.open();
  await running;
});

test("a failing unit gives its place to the next", async () => {
  const queue = new UnitQueue(() => 1);
  const failed = queue.add(1, async () => {
    throw new Error("no luck");
  });
  const next = queue.add(1, async () => "done");
  await expect(failed).rejects.toThrow("no luck");
  expect(await next).toBe("done");
});
