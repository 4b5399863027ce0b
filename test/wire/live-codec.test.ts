import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeFrame, encodeFrame, FRAME_LIMIT_BYTES, type Frame, FrameCutter } from "../../src/wire/live/codec.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A frame made by hand, so that encoder faults cannot hide decoder faults. */
function rawFrame(header: string | Uint8Array, payload: Uint8Array = new Uint8Array(0), length?: number): Uint8Array {
  const json = typeof header === "string" ? utf8(header) : header;
  const bytes = new Uint8Array(4 + json.length + payload.length);
  new DataView(bytes.buffer).setInt32(0, length ?? json.length);
  bytes.set(json, 4);
  bytes.set(payload, 4 + json.length);
  return bytes;
}

describe("encodeFrame", () => {
  test("R-1: a frame without payload is 4 + H bytes, H big-endian, and a missing v becomes 1", () => {
    const frame = encodeFrame({ id: "q1", method: "ping" });
    const length = new DataView(frame.buffer).getUint32(0);
    expect(frame.length).toBe(4 + length);
    expect(JSON.parse(new TextDecoder().decode(frame.subarray(4)))).toEqual({ v: 1, id: "q1", method: "ping" });
  });

  test("the documented ping frame comes out byte for byte", () => {
    const frame = encodeFrame({ v: 1, id: "q1", method: "ping" });
    expect(Buffer.from(frame.subarray(0, 16)).toString("hex")).toBe("000000217b2276223a312c226964223a");
  });

  test.each([[null], ["text"], [[1, 2]], [7]])("R-2: a header that is %j is refused", (header) => {
    expect(() => encodeFrame(header as never)).toThrow(/header must be an object/);
  });

  test("R-2: a payload that is not bytes is refused", () => {
    expect(() => encodeFrame({}, "abc" as never)).toThrow(/payload must be bytes/);
  });

  test("R-3: the header gains the payload's format and length, and the bytes follow it", () => {
    const frame = encodeFrame({ v: 1, id: "u7", method: "data.upload", params: { name: "demo" } }, Uint8Array.of(0xaa, 0xbb, 0xcc));
    expect(new DataView(frame.buffer).getUint32(0)).toBe(0x6c);
    const header = JSON.parse(new TextDecoder().decode(frame.subarray(4, 4 + 0x6c)));
    expect(header.payload).toEqual({ format: "arrow-ipc", bytes: 3 });
    expect([...frame.subarray(4 + 0x6c)]).toEqual([0xaa, 0xbb, 0xcc]);
  });

  test("a payload format named in the header is kept, and a stale length is replaced", () => {
    const decoded = decodeFrame(encodeFrame({ payload: { format: "csv", bytes: 99 } }, utf8("a,b")));
    expect(decoded?.frame.header).toEqual({ v: 1, payload: { format: "csv", bytes: 3 } });
  });

  test("R-4: a v given by the caller is kept", () => {
    expect(decodeFrame(encodeFrame({ v: 2 }))?.frame.header).toEqual({ v: 2 });
  });

  test("a header above 1 MiB is refused instead of being sent", () => {
    expect(() => encodeFrame({ result: "x".repeat(1_048_576) })).toThrow(/limit is 1048576/);
  });
});

describe("FrameCutter", () => {
  test("R-5: nothing, a bare prefix, a cut header and a cut payload all mean wait", () => {
    const frame = encodeFrame({ method: "data.upload" }, Uint8Array.of(1, 2, 3));
    for (let cut = 0; cut < frame.length; cut++) expect(decodeFrame(frame.subarray(0, cut))).toBeNull();
    expect(decodeFrame(frame)).not.toBeNull();
  });

  test("R-6: consumed is the whole frame, nested params survive, no payload is null and an empty one is not", () => {
    const params = { a: { b: [1, { c: null }] } };
    const bytes = encodeFrame({ method: "x", params });
    expect(decodeFrame(bytes)).toEqual({ frame: { header: { v: 1, method: "x", params }, payload: null }, consumed: bytes.length });
    expect(decodeFrame(encodeFrame({}, new Uint8Array(0)))?.frame.payload).toEqual(new Uint8Array(0));
  });

  test("R-7, R-8, R-144, R-145: frames survive any cutting of the stream, in order, and the rest stays buffered", () => {
    const frames = fc.array(fc.tuple(fc.jsonValue(), fc.option(fc.uint8Array({ maxLength: 50 }))), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sent, sizes) => {
        const stream = Buffer.concat(sent.map(([params, payload]) => encodeFrame({ params }, payload)));
        const cutter = new FrameCutter();
        const received: Frame[] = [];
        const drain = () => {
          for (let frame = cutter.next(); frame !== null; frame = cutter.next()) received.push(frame);
        };
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length]!;
          cutter.push(stream.subarray(at, at + size));
          at += size;
          drain();
        }
        cutter.push(Uint8Array.of(0, 0));
        drain();
        expect(cutter.bufferedBytes).toBe(2);
        expect(received.map(({ payload }) => payload && [...payload])).toEqual(sent.map(([, payload]) => payload && [...payload]));
        expect(received.map(({ header }) => (header as { params: unknown }).params)).toEqual(
          JSON.parse(JSON.stringify(sent.map(([params]) => params))),
        );
      }),
    );
  });

  test("payloads start at a multiple of 8, so that typed arrays can view them", () => {
    for (const pad of ["", "1", "12", "123"]) {
      const payload = decodeFrame(encodeFrame({ pad }, new Uint8Array(16)))?.frame.payload;
      expect(payload?.byteOffset).toSatisfy((offset: number) => offset % 8 === 0);
    }
  });

  test.each([
    ["R-9: a negative header length", rawFrame("{}", undefined, -1), /negative/],
    ["R-10: a header length of 1,048,577", rawFrame("{}", undefined, 1_048_577), /above the limit/],
    ["R-11: a header that is not JSON", rawFrame("{no"), /could not be parsed/],
    ["a header that is not UTF-8", rawFrame(Uint8Array.of(0x22, 0xff, 0x22)), /could not be parsed/],
    ["a header that is a number", rawFrame("12"), /must be a JSON object/],
    ["an empty header", rawFrame(""), /could not be parsed/],
    ["a payload that is a number", rawFrame('{"payload":3}'), /must be an object/],
    ["a payload without bytes", rawFrame('{"payload":{"format":"csv"}}'), /whole number/],
    ["negative payload bytes", rawFrame('{"payload":{"bytes":-1}}'), /whole number/],
    ["payload bytes of 2³¹", rawFrame('{"payload":{"bytes":2147483648}}'), /whole number/],
    ["a frame above 256 MiB", rawFrame(`{"payload":{"bytes":${FRAME_LIMIT_BYTES}}}`), /limit is 268435456/],
  ])("%s is malformed and drops what is buffered", (_, bytes, message) => {
    const cutter = new FrameCutter();
    cutter.push(bytes);
    cutter.push(encodeFrame({ method: "lost" }));
    expect(() => cutter.next()).toThrow(message);
    expect(cutter.bufferedBytes).toBe(0);
    cutter.push(encodeFrame({ method: "ping" }));
    expect(cutter.next()?.header).toEqual({ v: 1, method: "ping" });
  });

  test("payload bytes as a numeric string are accepted", () => {
    expect(decodeFrame(rawFrame('{"payload":{"bytes":"2"}}', Uint8Array.of(5, 6)))?.frame.payload).toEqual(Uint8Array.of(5, 6));
  });

  test("a frame of many small pieces is put together in linear time", () => {
    const payload = new Uint8Array(4_000_000).fill(7);
    const bytes = encodeFrame({}, payload);
    const cutter = new FrameCutter();
    for (let at = 0; at < bytes.length; at += 1000) {
      cutter.push(bytes.subarray(at, at + 1000));
      if (at + 1000 < bytes.length) expect(cutter.next()).toBeNull();
    }
    expect(Buffer.compare(cutter.next()?.payload ?? new Uint8Array(0), payload)).toBe(0);
  });
});
