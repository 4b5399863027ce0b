import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeEnvelope } from "../../src/wire/envelope.ts";
import { encodeFrame, FrameCutter } from "../../src/wire/frames.ts";

function stream(values: readonly unknown[]): Uint8Array {
  return new Uint8Array(Buffer.concat(values.flatMap((value) => [...encodeFrame(value).chunks])));
}

test("frames come out whole and in order however the stream is cut", () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.integer({ min: 5000, max: 9000 }).map((n) => new Uint8Array(n).fill(n)),
  );
  fc.assert(
    fc.property(
      fc.array(value, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 40 }),
      (values, cuts) => {
        const bytes = stream(values);
        const cutter = new FrameCutter();
        const seen: unknown[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const end = Math.min(bytes.length, at + cuts[i % cuts.length]!);
          cutter.push(bytes.slice(at, end), (payload) => seen.push(decodeEnvelope(payload)));
          at = end;
        }
        expect(stream(seen).length).toBe(bytes.length);
        expect(Buffer.from(stream(seen)).equals(bytes)).toBe(true);
        expect(cutter.isInsideFrame).toBe(false);
      },
    ),
    { numRuns: 300 },
  );
});

test("the same when the stream is read into the cutter's own space, however much comes at a time", () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(5000, 70_000, 300_000).map((n) => new Uint8Array(n).map((_, i) => i * 7 + n)),
  );
  fc.assert(
    fc.property(
      fc.array(value, { maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 150_000 }), { minLength: 1, maxLength: 20 }),
      (values, cuts) => {
        const bytes = stream(values);
        const cutter = new FrameCutter();
        const seen: unknown[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const space = cutter.space();
          const end = Math.min(bytes.length, at + Math.min(space.length, cuts[i % cuts.length]!));
          space.set(bytes.subarray(at, end));
          cutter.took(end - at, (payload) => seen.push(decodeEnvelope(payload)));
          at = end;
        }
        expect(Buffer.from(stream(seen)).equals(bytes)).toBe(true);
        expect(cutter.isInsideFrame).toBe(false);
      },
    ),
    { numRuns: 200 },
  );
});

test("a large payload that is read in place is not copied: its value is a view on the memory that was read into", () => {
  const bytes = stream([Float64Array.from({ length: 50_000 }, (_, i) => i)]);
  const cutter = new FrameCutter();
  const spaces = new Set<ArrayBufferLike>();
  let seen = new Float64Array(0);
  for (let at = 0; at < bytes.length; ) {
    const space = cutter.space();
    spaces.add(space.buffer);
    const count = Math.min(space.length, bytes.length - at, 200_000);
    space.set(bytes.subarray(at, at + count));
    cutter.took(count, (payload) => {
      seen = decodeEnvelope(payload) as typeof seen;
    });
    at += count;
  }
  expect(seen.at(-1)).toBe(49_999);
  expect(spaces.size).toBe(2);
  expect(spaces.has(seen.buffer)).toBe(true);
});

test("a payload above 16 MiB arrives equal and aligned", () => {
  const values = Float64Array.from({ length: 5_000_000 }, (_, i) => i * 0.5);
  const bytes = stream([values]);
  const cutter = new FrameCutter();
  let copy = new Float64Array(0);
  for (let at = 0; at < bytes.length; at += 65_536) {
    cutter.push(bytes.subarray(at, at + 65_536), (payload) => {
      copy = decodeEnvelope(payload) as typeof copy;
      expect(copy.buffer).toBe(payload.buffer);
    });
  }
  expect(copy.length).toBe(values.length);
  expect(copy.every((v, i) => v === i * 0.5)).toBe(true);
});

test("a length is not believed: a frame that claims 4 GB takes no memory until bytes arrive", () => {
  const before = process.memoryUsage();
  const cutter = new FrameCutter();
  cutter.push(Uint8Array.from([0x54, 0x59, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]), () => expect.unreachable());
  const after = process.memoryUsage();
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThanOrEqual(16 * 2 ** 20 + 1000);
});

test("garbage and frames above the limit are refused, and the stream stays broken", () => {
  const badFrame = expect.objectContaining({ code: "bad_frame" });
  const cutter = new FrameCutter();
  expect(() => cutter.push(Buffer.from("GET / HTTP/1.1\r\n"), () => expect.unreachable())).toThrow(badFrame);
  expect(() => cutter.push(stream([1]), () => expect.unreachable())).toThrow(badFrame);
  expect(() => new FrameCutter(100).push(stream(["x".repeat(200)]), () => expect.unreachable())).toThrow(badFrame);
  expect(() => encodeFrame("x".repeat(200), 100)).toThrow(
    expect.objectContaining({ code: "too_large", details: { bytes: expect.any(Number), limit: 100 } }),
  );
});
