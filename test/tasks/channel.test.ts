import { PassThrough } from "node:stream";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { Channel } from "../../src/tasks/remote/channel.ts";

const OPTIONS = { heartbeatMs: 60_000, patienceMs: 60_000 };

/** What a channel makes of a byte stream, cut anywhere. */
function heard(pieces: readonly Buffer[]): string[] {
  const said: string[] = [];
  const stream = new PassThrough();
  const data = new Map<number, number>();
  const channel = new Channel(
    stream,
    {
      onControl: (message) => said.push(JSON.stringify(message)),
      onData: (executor, bytes) => void data.set(executor, (data.get(executor) ?? 0) + bytes.length),
      onOutput: (executor, from, text) => said.push(`${executor} ${from} ${text}`),
      onClose: (cause) => said.push(`closed ${cause?.message ?? ""}`),
    },
    OPTIONS,
  );
  onTestFinished(() => channel.close(null));
  for (const piece of pieces) stream.emit("data", piece);
  return [...said, ...[...data].map(([executor, bytes]) => `${executor} got ${bytes}`)];
}

/** The bytes that a channel sends. */
function sent(talk: (channel: Channel) => void): Buffer {
  const chunks: Buffer[] = [];
  const stream = new PassThrough();
  stream.write = ((chunk: Uint8Array) => chunks.push(Buffer.from(chunk)) > 0) as typeof stream.write;
  const channel = new Channel(stream, { onControl() {}, onData() {}, onOutput() {}, onClose() {} }, OPTIONS);
  talk(channel);
  channel.close(null);
  return Buffer.concat(chunks);
}

const SIGN_OF_LIFE = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);

test("a stream that is cut anywhere, with signs of life between messages, says the same", () => {
  const whole = Buffer.concat([
    SIGN_OF_LIFE,
    sent((channel) => {
      channel.control({ type: "end", executor: 1 });
      channel.data(7, new Uint8Array(300));
      channel.output(3, "stderr", "öffnen");
    }),
    SIGN_OF_LIFE,
    SIGN_OF_LIFE,
    sent((channel) => channel.control({ last: true })),
  ]);
  const expected = ['{"type":"end","executor":1}', "3 stderr öffnen", '{"last":true}', "7 got 300"];
  expect(heard([whole])).toEqual(expected);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 40 }), (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), whole.length];
      expect(heard(places.slice(1).map((end, i) => whole.subarray(places[i], end)))).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});

test("bytes of any kind end in messages or in one close, never in a loop or an exception", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), (pieces) => {
      const said = heard(pieces.map((piece) => Buffer.from(piece)));
      expect(said.filter((line) => line.startsWith("closed")).length).toBeLessThanOrEqual(1);
    }),
    { numRuns: 500 },
  );
});
