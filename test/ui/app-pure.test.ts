import { describe, expect, test } from "vitest";
import type { JobSummary } from "../../src/client/index.ts";
import { parseRoute, paths } from "../../src/ui/app/router.ts";
import { commandOf, type KeyPress } from "../../src/ui/app/shortcuts.ts";
import { titleOf } from "../../src/ui/app/title.ts";
import { type Shelf, takeToken } from "../../src/ui/app/token.ts";
import { ordinal, stateWord } from "../../src/ui/app/words.ts";

describe("addresses", () => {
  test("every address that the page makes leads back to its view", () => {
    const read = (address: string) => {
      const { pathname, search } = new URL(address, "http://localhost");
      return parseRoute(pathname, search);
    };
    expect(read(paths.start)).toEqual({ view: "start" });
    expect(read(paths.dataSet("data-1", "rows"))).toEqual({ view: "data-set", id: "data-1", tab: "rows" });
    expect(read(paths.dataSet("data-1"))).toMatchObject({ tab: "columns" });
    expect(read(paths.newModel("data-1", "job-2"))).toEqual({ view: "new", data: "data-1", from: "job-2" });
    expect(read(paths.newModel())).toEqual({ view: "new", data: null, from: null });
    expect(read(paths.job("job-2"))).toEqual({ view: "job", id: "job-2", tab: null });
    expect(read(paths.job("job-2", "use"))).toMatchObject({ tab: "use" });
    expect(read(paths.daemons)).toEqual({ view: "daemons" });
    expect(read("/nowhere")).toEqual({ view: "unknown", path: "/nowhere" });
  });
});

class FakeShelf implements Shelf {
  readonly kept = new Map<string, string>();
  readonly isFull: boolean;
  constructor(isFull = false) {
    this.isFull = isFull;
  }
  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    if (this.isFull) throw new Error("quota");
    this.kept.set(key, value);
  }
  removeItem(key: string): void {
    this.kept.delete(key);
  }
}

describe("the token", () => {
  test("comes from the address, then from this tab, then from this origin", () => {
    const tab = new FakeShelf();
    const origin = new FakeShelf();
    expect(takeToken("", tab, origin)).toBeNull();
    expect(takeToken("#token=a-b%2Bc", tab, origin)).toBe("a-b+c");
    expect(takeToken("", tab, origin)).toBe("a-b+c");
    expect(takeToken("", new FakeShelf(), origin)).toBe("a-b+c");
    expect(takeToken("#token=new", tab, origin)).toBe("new");
    expect(takeToken("#", new FakeShelf(), origin)).toBe("new");
  });

  test("works in a browser that keeps nothing", () => {
    expect(takeToken("#token=t", new FakeShelf(true), new FakeShelf(true))).toBe("t");
  });
});

describe("keys", () => {
  const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
    key,
    ctrl: false,
    meta: false,
    alt: false,
    shift: false,
    typing: false,
    ...more,
  });

  test("two keys in a row make a command, and the first waits only for the second", () => {
    const first = commandOf(press("g"), null, true);
    expect(first).toEqual({ command: null, pending: "g" });
    expect(commandOf(press("j"), first.pending, true)).toEqual({ command: "jobs", pending: null });
    expect(commandOf(press("x"), first.pending, true)).toEqual({ command: null, pending: null });
    expect(commandOf(press("g"), "g", true)).toEqual({ command: null, pending: null });
  });

  test("single keys are silent while typing, with Ctrl, and when switched off", () => {
    expect(commandOf(press("n"), null, true).command).toBe("new");
    expect(commandOf(press("n", { typing: true }), null, true).command).toBeNull();
    expect(commandOf(press("n", { ctrl: true }), null, true).command).toBeNull();
    expect(commandOf(press("n"), null, false).command).toBeNull();
  });

  test("Ctrl Enter and F6 work everywhere", () => {
    expect(commandOf(press("Enter", { ctrl: true, typing: true }), null, false).command).toBe("submit");
    expect(commandOf(press("Enter"), null, true).command).toBeNull();
    expect(commandOf(press("F6", { typing: true }), null, false).command).toBe("next-region");
    expect(commandOf(press("F6", { shift: true }), null, true).command).toBe("previous-region");
  });
});

describe("words", () => {
  const job = (status: JobSummary["status"], fraction: number | null = null): JobSummary =>
    ({ job_id: "j", type: "train", status, fraction, algorithm: "CART", data_name: "iris" }) as JobSummary;

  test("the title tells how far the job is, also from another page", () => {
    expect(titleOf({ view: "start" }, [])).toBe("Trainyard");
    expect(titleOf({ view: "data" }, null)).toBe("Data · Trainyard");
    expect(titleOf({ view: "start" }, [job("running", 0.439)])).toBe("43 % · CART on iris");
    expect(titleOf({ view: "job", id: "j", tab: null }, [job("complete")])).toBe("✓ CART on iris");
    expect(titleOf({ view: "job", id: "j", tab: null }, [job("failed")])).toBe("✕ CART on iris");
    expect(titleOf({ view: "start" }, [job("complete")])).toBe("Trainyard");
  });

  test("a place in the queue has the right ending", () => {
    expect([1, 2, 3, 4, 11, 12, 13, 21, 102, 111].map(ordinal)).toEqual([
      "1st",
      "2nd",
      "3rd",
      "4th",
      "11th",
      "12th",
      "13th",
      "21st",
      "102nd",
      "111th",
    ]);
    expect(stateWord({ ...job("queued"), queue_position: 2 }).text).toBe("Queued, 2nd");
  });
});
