import { encode } from "@msgpack/msgpack";
import fc from "fast-check";

import { describe, expect, test } from "vitest";
import { TrainyardError } from "../../src/core/errors.ts";
import { decodeEnvelope, encodeEnvelope } from "../../src/wire/envelope.ts";

/** In memory of its own, aligned as a received frame is. */
function concat(chunks: readonly Uint8Array[]): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  Buffer.concat(chunks).copy(bytes);
  return bytes;
}

function roundTrip<T>(value: T): T {
  return decodeEnvelope(concat(encodeEnvelope(value))) as T;
}

function isSameBytes(a: ArrayBufferView, b: ArrayBufferView): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
}

/** An envelope around a header made by hand. */
function enveloped(header: Uint8Array, segments = 0, raw: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(8 + header.length + raw.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, header.length);
  view.setUint32(4, segments);
  bytes.set(header, 8);
  bytes.set(raw, 8 + header.length);
  return bytes;
}

const typedArrays = fc.oneof(
  fc.int8Array(),
  fc.uint8Array(),
  fc.uint8ClampedArray(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
);

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: false,
  withNullPrototype: false,
  withBoxedValues: false,
  withUnicodeString: true,
  maxDepth: 4,
});

describe("values survive the envelope", () => {
  test("whatever structuredClone keeps, we keep", () => {
    fc.assert(
      fc.property(anything, (value) => {
        expect(roundTrip(value)).toStrictEqual(structuredClone(value));
      }),
      { numRuns: 1500 },
    );
  });

  test("typed arrays keep their type and bits, below and above the segment size", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(typedArrays, fc.constantFrom(1, 700)), { maxLength: 5 }), (specs) => {
        const arrays = specs.map(([array, times]) => {
          const Kind = array.constructor as Float64ArrayConstructor;
          const long = new Kind(array.length * times);
          for (let i = 0; i < long.length; i++) long[i] = array[i % array.length] as number;
          return long;
        });
        const copy = roundTrip({ arrays, after: "x" });
        expect(copy.after).toBe("x");
        copy.arrays.forEach((array, i) => {
          expect(array.constructor).toBe(arrays[i]!.constructor);
          expect(isSameBytes(array, arrays[i]!)).toBe(true);
        });
      }),
      { numRuns: 300 },
    );
  });

  test("any string, also broken Unicode and a leading byte order mark", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => roundTrip(text) === text));
    for (const text of ["\ud800", "a\udc00b", `${"é".repeat(70_000)}\ud83d`, "\ufeffname", "x".repeat(200_000), "ß".repeat(90)]) {
      expect(roundTrip(text)).toBe(text);
    }
  });

  test.each([-0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 31) - 1, 2 ** 31, 2 ** 32, 0.1, -33, 127, 128])(
    "the number %d",
    (n) => {
      expect(Object.is(roundTrip(n), n)).toBe(true);
    },
  );

  test.each([0n, -1n, 2n ** 64n, -(2n ** 200n)])("the bigint %d", (n) => {
    expect(roundTrip(n)).toBe(n);
  });

  test("cycles and shared parts through every kind of container", () => {
    const shared = new Float64Array(2000);
    const root: Record<string, unknown> = { shared, again: shared };
    const map = new Map<unknown, unknown>([["root", root]]);
    map.set(map, "itself as a key");
    const set = new Set<unknown>([root]);
    set.add(set);
    const error: Error & { context?: unknown } = new Error("broke", { cause: root });
    error.context = error;
    Object.assign(root, { map, set, error, list: [root] });
    const copy = roundTrip(root) as {
      shared: unknown;
      again: unknown;
      map: Map<unknown, unknown>;
      set: Set<unknown>;
      error: Error & { context: unknown };
      list: unknown[];
    };
    expect(copy.shared).toBe(copy.again);
    expect(copy.map.get("root")).toBe(copy);
    expect(copy.map.get(copy.map)).toBe("itself as a key");
    expect(copy.set.has(copy.set)).toBe(true);
    expect(copy.error.cause).toBe(copy);
    expect(copy.error.context).toBe(copy.error);
    expect(copy.list[0]).toBe(copy);
  });

  test("a property named __proto__ stays a property", () => {
    const copy = roundTrip(JSON.parse('{"__proto__":{"admin":true},"a":1}')) as Record<string, unknown>;
    expect(Object.keys(copy)).toEqual(["__proto__", "a"]);
    expect(copy.admin).toBeUndefined();
  });

  test("an instance of a class becomes its own enumerable properties; holes become undefined", () => {
    class Point {
      x = 1;
      get twice() {
        return 2 * this.x;
      }
    }
    expect(roundTrip(new Point())).toStrictEqual({ x: 1 });
    const holed = [1, 2, 3];
    delete holed[1];
    expect(roundTrip(holed)).toStrictEqual([1, undefined, 3]);
  });

  test("a date, a pattern, a view and a buffer", () => {
    const view = new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2);
    const copy = roundTrip({
      at: new Date(-1.5),
      never: new Date(Number.NaN),
      pattern: /a(b)/giu,
      view,
      buffer: new Uint8Array([5, 6]).buffer,
    });
    expect(copy.at.getTime()).toBe(-1);
    expect(copy.never.getTime()).toBeNaN();
    expect(String(copy.pattern)).toBe("/a(b)/giu");
    expect([copy.view.byteLength, copy.view.getUint8(0)]).toEqual([2, 2]);
    expect([...new Uint8Array(copy.buffer)]).toEqual([5, 6]);
  });
});

describe("errors", () => {
  test("keep name, message, code, stack, cause and data, and their native class", () => {
    const error = Object.assign(new TypeError("not a column", { cause: new RangeError("too far") }), { code: "E_COLUMN", column: "age" });
    const copy = roundTrip(error);
    expect(copy).toBeInstanceOf(TypeError);
    expect(copy).toMatchObject({ name: "TypeError", message: "not a column", code: "E_COLUMN", column: "age" });
    expect(copy.stack).toBe(error.stack);
    expect(copy.cause).toBeInstanceOf(RangeError);
    expect(Object.keys(copy)).toEqual(["code", "column"]);
  });

  test("ours come back with code, retryable and details", () => {
    const copy = roundTrip(new TrainyardError("queue_full", "wait", { retryable: true, details: { limit: 3 } }));
    expect(copy).toBeInstanceOf(TrainyardError);
    expect(copy).toMatchObject({ code: "queue_full", retryable: true, details: { limit: 3 } });
  });

  test("an unknown class keeps its name on a plain Error; an AggregateError keeps its errors", () => {
    const odd = new Error("x");
    odd.name = "constructor";
    expect(roundTrip(odd).name).toBe("constructor");
    expect(Object.getPrototypeOf(roundTrip(odd))).toBe(Error.prototype);
    const copy = roundTrip(new AggregateError([new Error("a"), new TypeError("b")], "both"));
    expect(copy).toBeInstanceOf(AggregateError);
    expect(copy.errors.map((e: Error) => e.message)).toEqual(["a", "b"]);
  });
});

describe("layout", () => {
  test("large arrays are not copied when encoded, and are views when decoded", () => {
    const values = Float64Array.from({ length: 1000 }, (_, i) => i);
    const odd = new Uint8Array(5001).fill(7);
    const chunks = encodeEnvelope({ odd, values });
    expect(chunks.some((chunk) => chunk.buffer === values.buffer)).toBe(true);
    const bytes = concat(chunks);
    const copy = decodeEnvelope(bytes) as { odd: Uint8Array; values: Float64Array };
    expect(copy.values.buffer).toBe(bytes.buffer);
    expect(copy.odd.buffer).toBe(bytes.buffer);
    expect(copy.values.byteOffset % 8).toBe(0);
    expect(copy).toStrictEqual({ odd, values });
  });

  test("a window on a larger buffer sends its own bytes only", () => {
    const window = new Float64Array(1_000_000).subarray(10, 1010);
    expect(concat(encodeEnvelope(window)).length).toBeLessThan(8100);
  });

  test("an envelope at an odd address decodes to the same values", () => {
    const bytes = concat(encodeEnvelope({ values: new Float64Array(1000).fill(0.5) }));
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodeEnvelope(shifted.subarray(3))).toStrictEqual({ values: new Float64Array(1000).fill(0.5) });
  });

  test("the header is MessagePack: another implementation's plain values are read", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain = JSON.parse(JSON.stringify(value).replaceAll('"__proto__"', '"proto"'));
        expect(decodeEnvelope(enveloped(encode(plain)))).toStrictEqual(plain);
      }),
    );
  });

  test("a refused value is named with its place; encoding works again afterwards", () => {
    const refused = { rows: [{ ok: 1 }, { callback: () => 1 }] };
    expect(() => encodeEnvelope(refused)).toThrow(
      expect.objectContaining({ code: "invalid_argument", message: expect.stringContaining("at .rows[1].callback") }),
    );
    expect(() => encodeEnvelope(Promise.resolve(1))).toThrow(/Promise cannot be sent/);
    expect(roundTrip({ fine: true })).toEqual({ fine: true });
  });

  test("a getter may encode another value meanwhile", () => {
    const nested = {
      before: "a".repeat(100),
      get inner() {
        return concat(encodeEnvelope({ inner: "b".repeat(100) })).length;
      },
      after: "c".repeat(100),
    };
    expect(roundTrip(nested)).toMatchObject({ before: "a".repeat(100), after: "c".repeat(100) });
  });
});

describe("hostile input ends in BadFrameError", () => {
  const badFrame = expect.objectContaining({ code: "bad_frame", name: "BadFrameError" });

  test("random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (header) => {
        try {
          decodeEnvelope(enveloped(header));
        } catch (error) {
          expect(error).toEqual(badFrame);
        }
      }),
      { numRuns: 5000 },
    );
  });

  test("a good envelope with bytes changed, cut off or added", () => {
    const good = concat(encodeEnvelope({ a: [1, "two", new Map([[3, new Set([4n])]])], e: new Error("x"), big: new Float64Array(600) }));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const changed = Buffer.from(good);
        changed[at] = byte;
        try {
          decodeEnvelope(changed);
        } catch (error) {
          expect(error).toEqual(badFrame);
        }
        expect(() => decodeEnvelope(good.subarray(0, at))).toThrow(badFrame);
      }),
      { numRuns: 3000 },
    );
    expect(() => decodeEnvelope(concat([good, new Uint8Array(1)]))).toThrow(badFrame);
  });

  test.each([
    ["an array that claims 2³¹ elements", [0xdd, 0x7f, 0xff, 0xff, 0xff]],
    ["a map that claims 2³² pairs", [0xdf, 0xff, 0xff, 0xff, 0xff]],
    ["a string of 4 GB", [0xdb, 0xff, 0xff, 0xff, 0xff]],
    ["a reference to nothing", [0xd6, 1, 0, 0, 0, 9]],
    ["a segment that is not there", [0xc7, 9, 10, 9, 0, 0, 0, 0, 0, 0, 0x20, 0]],
    ["an unknown extension", [0xd4, 0x72, 0x40]],
    ["a pattern that cannot be compiled", [0xc7, 3, 8, 0xa1, 0x28, 0xa0]],
    ["the byte that is never used", [0xc1]],
    ["nothing at all", []],
  ])("%s", (_, header) => {
    expect(() => decodeEnvelope(enveloped(Uint8Array.from(header)))).toThrow(badFrame);
  });

  test("nested claims do not add up to memory", () => {
    const header = new Uint8Array(200_000);
    for (let at = 0; at + 5 <= header.length; at += 5) header.set([0xdd, 0, 0, 0xff, 0xff], at);
    const before = process.memoryUsage().rss;
    expect(() => decodeEnvelope(enveloped(header))).toThrow(badFrame);
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
  });

  test("a hundred thousand levels of nesting, in both directions", () => {
    expect(() => decodeEnvelope(enveloped(new Uint8Array(100_000).fill(0x91)))).toThrow(badFrame);
    let deep: unknown = null;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(() => encodeEnvelope(deep)).toThrow(/nested/);
  });

  test.each([
    ["arrays", (inner: unknown) => [inner]],
    ["objects", (inner: unknown) => ({ inner })],
    ["maps", (inner: unknown) => new Map([[inner, inner]])],
    ["sets", (inner: unknown) => new Set([inner])],
    ["causes", (inner: unknown) => Object.assign(new Error("e", { cause: inner }), { stack: "" })],
  ])("999 levels of %s are fine", (_, wrap) => {
    let deep: unknown = null;
    for (let i = 0; i < 999; i++) deep = wrap(deep);
    expect(concat(encodeEnvelope(roundTrip(deep))).equals(concat(encodeEnvelope(deep)))).toBe(true);
  });

  test("an error record cannot choose a class or a function by name", () => {
    const names = ["constructor", "valueOf", "__proto__", "__lookupGetter__", "Function"];
    for (const name of names) {
      const error = new Error("m");
      error.name = name;
      const copy = roundTrip(error);
      expect(Object.getPrototypeOf(copy)).toBe(Error.prototype);
      expect(copy.message).toBe("m");
    }
  });
});
