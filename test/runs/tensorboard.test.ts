import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { SeriesQueries } from "../../src/runs/query.ts";
import type { Runs } from "../../src/runs/runs.ts";
import { crc32c, maskedCrc32c } from "../../src/runs/tensorboard/crc32c.ts";
import { readEvent } from "../../src/runs/tensorboard/event.ts";
import { importTensorBoard } from "../../src/runs/tensorboard/import.ts";
import { RunsRig } from "./rig.ts";

/** Written by tensorboardX; the script lies beside it. */
const FILE = readFileSync(new URL("../fixtures/runs/tensorboard.tfevents", import.meta.url));
const LOSS = Array.from({ length: 300 }, (_, step) =>
  step === 0 || step === 1 || step === 3 || step === 7 ? 8 / (step + 1) : 0.5 + step / 1024,
);

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const load = (runs: Runs, runId: string, bytes: Buffer, size = 65_536) => importTensorBoard(runs, runId, inPieces(bytes, size));

function raw(runs: Runs, runId: string): Record<string, { x: readonly number[]; y: readonly number[] }> {
  const answers = new SeriesQueries(runs).answer(runId, { reduce: "raw" });
  return Object.fromEntries(answers.flatMap((answer) => (answer.reduce === "roll_up" ? [] : [[answer.key, { x: answer.x, y: answer.y }]])));
}

function record(data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeBigUInt64LE(BigInt(data.length));
  head.writeUInt32LE(maskedCrc32c(head.subarray(0, 8)), 8);
  const foot = Buffer.alloc(4);
  foot.writeUInt32LE(maskedCrc32c(data));
  return Buffer.concat([head, data, foot]);
}

/** A field of a message: bytes with their length before them. */
const bytesField = (number: number, data: Buffer): Buffer => Buffer.concat([Buffer.from([(number << 3) | 2, data.length]), data]);

describe("CRC-32C", () => {
  test.each([
    [Buffer.alloc(32), 0x8a9136aa],
    [Buffer.alloc(32, 0xff), 0x62a8ab43],
    [Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
    [Buffer.from("123456789"), 0xe3069283],
  ])("is that of RFC 3720, B.4 (%#)", (bytes, crc) => expect(crc32c(bytes)).toBe(crc));
});

describe("a TensorBoard event file", () => {
  test.each([[65_536], [7], [1]])("comes in whole, in pieces of %d bytes", async (size) => {
    const { runs } = new RunsRig();
    const { runId } = runs.create("r", {});
    expect(await load(runs, runId, FILE, size)).toEqual({ accepted: 306, duplicates: 0, skipped: 2, damaged: 0, problem: null });
    const series = raw(runs, runId);
    expect(Object.keys(series).toSorted()).toEqual(["big_step", "odd", "train/loss", "val/accuracy"]);
    expect(series["train/loss"]).toEqual({ x: LOSS.map((_, i) => i), y: LOSS });
    expect(series["val/accuracy"]).toEqual({ x: [0, 100, 200], y: [0, 100 / 512, 200 / 512] });
    expect(series.odd).toEqual({ x: [5, 6], y: [Number.NaN, Number.POSITIVE_INFINITY] });
    expect(series.big_step).toEqual({ x: [2 ** 40], y: [1.5] });
    const [times] = new SeriesQueries(runs).answer(runId, { keys: ["val/accuracy"], x: "time", reduce: "raw" });
    expect(times).toMatchObject({ x: [1.7e12 + 250, 1.7e12 + 100_250, 1.7e12 + 200_250] });
  });

  test("that is cut off brings what is whole and says where it ends; the whole one brings the rest, once", async () => {
    const { runs } = new RunsRig();
    const { runId } = runs.create("r", {});
    const cut = await load(runs, runId, FILE.subarray(0, 10_000));
    expect(cut.problem).toMatchObject({ message: expect.stringContaining("middle of a record"), atByte: expect.any(Number) });
    expect(cut.problem!.atByte).toBeLessThanOrEqual(10_000);
    expect(cut.accepted).toBeGreaterThan(100);
    const loss = raw(runs, runId)["train/loss"]!.y;
    expect(loss).toEqual(LOSS.slice(0, loss.length));
    const whole = await load(runs, runId, FILE);
    expect(whole).toMatchObject({ accepted: 306 - cut.accepted, duplicates: cut.accepted, problem: null });
    expect(raw(runs, runId)["train/loss"]!.y).toEqual(LOSS);
  });

  test("with a damaged record loses that one alone; with a damaged length it is read up to there", async () => {
    const rig = new RunsRig();
    const data = Buffer.from(FILE);
    const third = 0x28 + 16 + 0x1e;
    data[third + 20]! ^= 1;
    const { runId } = rig.runs.create("r", {});
    expect(await load(rig.runs, runId, data)).toMatchObject({ damaged: 1, accepted: 305, problem: null });
    data[third + 20]! ^= 1;
    data[third] = 0x21;
    const other = rig.runs.create("r", {});
    expect(await load(rig.runs, other.runId, data)).toMatchObject({
      accepted: 1,
      damaged: 0,
      problem: { atByte: third, message: expect.stringContaining("checksum") },
    });
  });

  test("that is none says so, and stores nothing", async () => {
    const { runs } = new RunsRig();
    const { runId } = runs.create("r", {});
    expect(await load(runs, runId, Buffer.from("step,loss\n1,2\n3,4\n"))).toMatchObject({ accepted: 0, problem: { atByte: 0 } });
    expect(await load(runs, runId, Buffer.alloc(0))).toMatchObject({ accepted: 0, problem: null });
    expect(await load(runs, runId, record(Buffer.from([0xff, 0xff])))).toMatchObject({ accepted: 0, damaged: 1 });
    expect(runs.get(runId).state).toBe("pending");
  });
});

describe("a number in a tensor", () => {
  const float = Buffer.alloc(4);
  float.writeFloatLE(0.25);
  const double = Buffer.alloc(8);
  double.writeDoubleLE(0.1);
  const long = Buffer.alloc(8);
  long.writeBigInt64LE(-3n);
  test.each([
    ["float, as content", [Buffer.from([8, 1]), bytesField(4, float)], 0.25],
    ["float, packed", [Buffer.from([8, 1]), bytesField(5, float)], 0.25],
    ["double, as content", [Buffer.from([8, 2]), bytesField(4, double)], 0.1],
    ["double, one by one", [Buffer.from([8, 2]), Buffer.from([(6 << 3) | 1]), double], 0.1],
    ["int64, as content", [Buffer.from([8, 9]), bytesField(4, long)], -3],
    ["int32, packed", [Buffer.from([8, 3]), bytesField(7, Buffer.from([0xac, 2]))], 300],
    ["two floats", [Buffer.from([8, 1]), bytesField(5, Buffer.concat([float, float]))], null],
    ["a text", [Buffer.from([8, 7]), bytesField(8, Buffer.from("x"))], null],
  ])("%s", (_, parts, value) => {
    const summary = bytesField(1, Buffer.concat([bytesField(1, Buffer.from("t")), bytesField(8, Buffer.concat(parts))]));
    const event = readEvent(bytesField(5, summary));
    expect(event.scalars).toEqual(value === null ? [] : [{ tag: "t", value }]);
    expect(event.others).toBe(value === null ? 1 : 0);
  });
});
