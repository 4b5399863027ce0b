import { once } from "node:events";
import { createServer, Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { FramePipe, type PipeEvents } from "../../src/tasks/links/frame-pipe.ts";
import { decodeEnvelope } from "../../src/wire/envelope.ts";
import { encodeFrame } from "../../src/wire/frames.ts";

/** Two connected streams of Node's own; closed after the test. */
async function connected(): Promise<readonly [Socket, Socket]> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const there = once(server, "connection");
  const near = new Socket().connect((server.address() as { port: number }).port, "127.0.0.1");
  const [[far]] = (await Promise.all([there, once(near, "connect")])) as [[Socket], unknown];
  server.close();
  onTestFinished(() => {
    near.destroy();
    far.destroy();
  });
  return [near, far];
}

/** Takes from a stream's handle what reading in place needs, as a Node without it would. */
function withoutUserBuffer(stream: Socket): Socket {
  (stream as unknown as { _handle: { useUserBuffer: unknown } })._handle.useUserBuffer = undefined;
  return stream;
}

function open(stream: Socket, events: Partial<PipeEvents>): FramePipe {
  const pipe = new FramePipe(stream, { onPayload() {}, onFault() {}, ...events });
  onTestFinished(() => void pipe.socket.destroy());
  return pipe;
}

describe.each([
  ["in place", (stream: Socket) => stream],
  ["from the stream, where Node's handle cannot read into memory of ours", withoutUserBuffer],
])("frames are read %s", (how, prepared) => {
  test("whole and in order, whatever their size", async () => {
    const [near, far] = await connected();
    // Below and above what is copied, read in place, joined to one write, and believed of a length.
    const sizes = [0, 1, 7, 4000, 4096, 4097, 8192, 65_535, 65_536, 65_544, 70_000, 200_000, 3_000_000, 5, 9_000_000, 1, 131_072];
    const values = sizes.map((size, i) => ({ i, bytes: new Uint8Array(size).fill(i + 1) }));
    const got: { i: number; bytes: Uint8Array }[] = [];
    const all = new Promise<void>((resolve, reject) => {
      const reader = open(prepared(far), {
        onPayload(payload) {
          got.push(structuredClone(decodeEnvelope(payload)) as { i: number; bytes: Uint8Array });
          if (got.length === 3 * values.length) resolve();
        },
        onFault: reject,
      });
      expect(reader.socket === far).toBe(how !== "in place");
    });
    const writer = open(near, {});
    for (const value of values) writer.send(encodeFrame(value));
    for (const value of values) writer.sendNow(encodeFrame(value));
    for (const value of values) {
      writer.send(encodeFrame(value));
      if (value.i % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await all;
    expect(got.map(({ i }) => i)).toEqual([...values, ...values, ...values].map(({ i }) => i));
    for (const { i, bytes } of got) {
      expect(Buffer.compare(bytes, values[i]!.bytes)).toBe(0);
    }
  });

  test("bytes that are no frame are a fault, once; nothing after them is handed on", async () => {
    const [near, far] = await connected();
    const got: unknown[] = [];
    const faults: unknown[] = [];
    const failed = new Promise<void>((resolve) => {
      open(prepared(far), {
        onPayload: (payload) => void got.push(decodeEnvelope(payload)),
        onFault(cause) {
          faults.push(cause);
          resolve();
        },
      });
    });
    const frame = Buffer.concat(encodeFrame("good").chunks);
    near.write(Buffer.concat([frame, Buffer.from("HTTP/1.1 200 OK\r\n\r\n"), frame]));
    await failed;
    await new Promise<void>((resolve) => near.end(frame, () => resolve()));
    await new Promise((resolve) => setImmediate(resolve));
    expect(got).toEqual(["good"]);
    expect(faults).toEqual([expect.objectContaining({ code: "bad_frame" })]);
  });
});
