import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/core/random.ts";
import { hasEnded } from "../../src/runs/lifecycle.ts";
import { type Subscription, Subscriptions } from "../../src/runs/subscriptions.ts";
import { points, RunsRig } from "./rig.ts";

interface Sent {
  readonly frame: Buffer;
  readonly whenTaken: () => void;
}

/** A reader that takes frames when the test says so, and may lose its link at any frame. */
class Reader {
  readonly rows: { seq: number; step: number; value: unknown }[] = [];
  readonly stretches: { from: number; to: number; steps: number[]; values: number[] }[] = [];
  readonly others: string[] = [];
  readonly isFull: boolean;
  place = 0;
  ended: string | null = null;
  #waiting: Sent[] = [];
  #subscription: Subscription | null = null;

  constructor(isFull: boolean) {
    this.isFull = isFull;
  }

  connect(subscriptions: Subscriptions, runId: string): void {
    const waiting: Sent[] = [];
    this.#waiting = waiting;
    const sink = {
      get bufferedBytes() {
        return waiting.reduce((sum, { frame }) => sum + frame.length, 0);
      },
      send: (frame: Buffer, whenTaken: () => void) => void waiting.push({ frame, whenTaken }),
    };
    this.#subscription = subscriptions.open(runId, sink, { since: this.place, isFull: this.isFull });
  }

  /** Frames on their way are lost. */
  cut(): void {
    this.#subscription?.close();
    this.#subscription = null;
    this.#waiting = [];
  }

  get isConnected(): boolean {
    return this.#subscription !== null;
  }

  take(count: number): void {
    for (const { frame, whenTaken } of this.#waiting.splice(0, count)) {
      this.#read(JSON.parse(frame.toString()));
      whenTaken();
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: the message is what is tested
  #read(message: any): void {
    if (message.type === "snapshot") return;
    if (message.type === "end") {
      this.ended = message.state;
      return;
    }
    const { type, seq } = message;
    expect(seq, "in order, without a repeat").toBeGreaterThan(this.place);
    if (type === "points") {
      expect(seq - message.steps.length, "without a gap").toBe(this.place);
      const values: unknown[] = message.values.v;
      for (const [i, step] of message.steps.entries()) this.rows.push({ seq: this.place + 1 + i, step, value: values[i] });
    } else if (type === "thinned") {
      expect(message.from_seq).toBe(this.place + 1);
      expect(message.of).toBe(seq - this.place);
      const steps = message.parts.flatMap((part: { steps: number[] }) => part.steps);
      const values = message.parts.flatMap((part: { values: { v: number[] } }) => part.values.v);
      this.stretches.push({ from: this.place + 1, to: seq, steps, values });
    } else {
      expect(seq).toBe(this.place + 1);
      this.others.push(type);
    }
    this.place = seq;
  }
}

describe.each([1, 2, 3, 4, 5, 6])("producers, readers, cuts, restarts and kills at random, seed %d", (seed) => {
  test("L-65, L-74: every full reader ends with exactly the log, every thinned one with first, last, least and greatest of each stretch", async () => {
    const random = randomStream(seed);
    const rig = new RunsRig();
    let subscriptions = new Subscriptions(rig.runs);
    const { runId } = rig.runs.create("model", {});
    const readers = [new Reader(true), new Reader(true), new Reader(false)];
    const producers = Array.from({ length: 3 }, (_, i) => ({ name: `p${i}`, next: 0, unanswered: 0 }));
    /** What was answered, by producer. */
    const answered = new Map<string, number>();

    const produce = async (): Promise<void> => {
      const producer = producers[random.integer(3)]!;
      const count = random.integer(10) === 0 ? 4000 : 1 + random.integer(50);
      // A repeat of what was sent before, cut differently, with something new behind it.
      const from = Math.max(0, producer.next - random.integer(30));
      const steps = Array.from({ length: count }, (_, i) => from + i);
      const values = steps.map((step) => Math.round(Math.sin(step * 7 + Number(producer.name[1])) * 1e6));
      await rig.runs.append(runId, points({ v: values }, { steps, producer: producer.name, sequence: from }));
      producer.next = Math.max(producer.next, from + count);
      answered.set(producer.name, producer.next);
    };
    const restart = (kill: boolean): void => {
      for (const reader of readers) reader.cut();
      subscriptions.close();
      rig.restart({ kill });
      subscriptions = new Subscriptions(rig.runs);
    };

    for (let turn = 0; turn < 120; turn++) {
      const reader = readers[random.integer(3)]!;
      const choice = random.integer(20);
      if (choice < 10) await produce();
      else if (choice < 14) reader.take(1 + random.integer(5));
      else if (choice < 16) reader.cut();
      else if (choice < 18) rig.runs.addLine(runId, { level: "INFO", message: `turn ${turn}` });
      else if (choice === 18) restart(random.integer(2) === 0);
      for (const one of readers) if (!one.isConnected && random.integer(2) === 0) one.connect(subscriptions, runId);
    }
    rig.runs.finish(runId, "completed", { actor: "reporter" });
    for (const reader of readers) {
      while (reader.ended === null) {
        if (!reader.isConnected) reader.connect(subscriptions, runId);
        reader.take(100);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    subscriptions.close();

    const log = [...logRows(rig, runId)];
    const bySequence = new Set(log.map(({ step, value }) => `${step} ${value}`));
    for (const { name, next } of producers) {
      expect(answered.get(name) ?? 0).toBe(next);
      const steps = Array.from({ length: next }, (_, step) => step);
      const missing = steps.filter((step) => !bySequence.has(`${step} ${Math.round(Math.sin(step * 7 + Number(name[1])) * 1e6)}`));
      expect(missing).toEqual([]);
    }
    expect(log).toHaveLength(producers.reduce((sum, { next }) => sum + next, 0));
    expect(hasEnded(rig.runs.get(runId).state)).toBe(true);
    for (const reader of readers) {
      expect(reader.ended).toBe("completed");
      expect(reader.place).toBe(rig.runs.lastSeq(runId));
      const inStretch = (seq: number): boolean => reader.stretches.some(({ from, to }) => seq >= from && seq <= to);
      expect(reader.rows).toEqual(log.filter(({ seq }) => !inStretch(seq)));
      if (reader.isFull) expect(reader.stretches).toEqual([]);
      for (const { from, to, steps, values } of reader.stretches) {
        const all = log.filter(({ seq }) => seq >= from && seq <= to);
        const truth = all.map(({ value }) => value as number);
        expect([steps[0], steps.at(-1)]).toEqual([all[0]!.step, all.at(-1)!.step]);
        expect([values[0], values.at(-1)]).toEqual([truth[0], truth.at(-1)]);
        expect([Math.min(...values), Math.max(...values)]).toEqual([Math.min(...truth), Math.max(...truth)]);
      }
    }
  });
});

function* logRows(rig: RunsRig, runId: string): Generator<{ seq: number; step: number; value: unknown }> {
  for (let after = 0; ; ) {
    const entries = rig.runs.read(runId, after, 1000);
    if (entries.length === 0) return;
    for (const entry of entries) {
      if (entry.kind !== "points") continue;
      for (let i = 0; i < entry.rowCount; i++) {
        yield { seq: entry.seq - entry.rowCount + 1 + i, step: entry.batch.steps[i]!, value: entry.batch.columns[0]!.values[i]! + 0 };
      }
    }
    after = entries.at(-1)!.seq;
  }
}
