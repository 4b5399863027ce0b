import type { Duplex } from "node:stream";
import { messageOf, TrainyardError } from "../../core/errors.ts";
import { BadFrameError } from "../../wire/bad-frame.ts";
import { isSameProof, proofOf } from "./join-token.ts";
import { nodeCrypto } from "./node-crypto.ts";

/*
 * Before anything else both ends prove that they know the join token's secret, by messages of fixed length that need no decoding:
 *   1. daemon → host   "TYJOIN1\n", 32 random bytes
 *   2. host → daemon   32 random bytes
 *   3. daemon → host   HMAC-SHA-256(secret, "trainyard join daemon\n" + both)
 *   4. host → daemon   0x01, HMAC-SHA-256(secret, "trainyard join host\n" + both); or 0x00 and the end: not this token
 * The secret itself never travels.
 */
const MAGIC = Buffer.from("TYJOIN1\n", "latin1");
const NONCE_BYTES = 32;
const PROOF_BYTES = 32;
const ACCEPTED = 1;

/** The host's side. @throws {TrainyardError} `refused`, {BadFrameError}, or what ended the stream. The stream is as good as closed then. */
export async function admit(stream: Duplex, secret: () => Buffer, deadlineMs: number): Promise<void> {
  await within(stream, deadlineMs, async (read) => {
    const opening = await read(MAGIC.length + NONCE_BYTES);
    if (!opening.subarray(0, MAGIC.length).equals(MAGIC)) throw new BadFrameError("this is no daemon that wants to join");
    const daemonNonce = opening.subarray(MAGIC.length);
    const hostNonce = nodeCrypto().randomBytes(NONCE_BYTES);
    stream.write(hostNonce);
    const proof = await read(PROOF_BYTES);
    const now = secret(); // looked up late: the token may have changed since the stream was opened
    if (!isSameProof(proof, proofOf(now, "daemon", daemonNonce, hostNonce))) {
      stream.end(Buffer.of(0));
      throw new TrainyardError("refused", "a daemon came with another join token");
    }
    stream.write(Buffer.concat([Buffer.of(ACCEPTED), proofOf(now, "host", daemonNonce, hostNonce)]));
  });
}

/** The daemon's side. @throws {TrainyardError} `refused` when the host knows another token, or none; else what ended the stream. */
export async function join(stream: Duplex, secret: Buffer, deadlineMs: number): Promise<void> {
  await within(stream, deadlineMs, async (read) => {
    const daemonNonce = nodeCrypto().randomBytes(NONCE_BYTES);
    stream.write(Buffer.concat([MAGIC, daemonNonce]));
    const hostNonce = await read(NONCE_BYTES);
    stream.write(proofOf(secret, "daemon", daemonNonce, hostNonce));
    const [verdict] = await read(1);
    if (verdict !== ACCEPTED) {
      throw new TrainyardError("refused", "the host does not take this join token; ask for its current one, or set its daemons again");
    }
    const proof = await read(PROOF_BYTES);
    if (isSameProof(proof, proofOf(secret, "host", daemonNonce, hostNonce))) return;
    throw new TrainyardError("refused", "what answers there does not know the join token: it is not the host that made it");
  });
}

type Read = (bytes: number) => Promise<Buffer>;

/** Runs an exchange of fixed-length messages; what comes after it stays in the stream. */
async function within(stream: Duplex, deadlineMs: number, exchange: (read: Read) => Promise<void>): Promise<void> {
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  const onEnd = (): void => fail(new TrainyardError("closed", "the link ended before the daemon had joined", { retryable: true }));
  const onError = (cause: Error): void =>
    fail(new TrainyardError("unavailable", `the link broke: ${messageOf(cause)}`, { cause, retryable: true }));
  const timer = setTimeout(
    () => fail(new TrainyardError("timeout", `nobody had joined after ${deadlineMs} ms`, { retryable: true })),
    deadlineMs,
  );
  stream.on("end", onEnd).on("close", onEnd).on("error", onError);
  let onReadable = (): void => {};
  const read = (bytes: number): Promise<Buffer> =>
    new Promise((resolve) => {
      const look = (): boolean => {
        const chunk: Buffer | null = stream.read(bytes);
        // At the end of a stream, `read` hands out what there is, however little.
        if (chunk?.length === bytes) resolve(chunk);
        return chunk !== null;
      };
      onReadable = () => {
        if (look()) stream.off("readable", onReadable);
      };
      if (!look()) stream.on("readable", onReadable);
    });
  try {
    await Promise.race([exchange(read), failed]);
  } finally {
    clearTimeout(timer);
    stream.off("end", onEnd).off("close", onEnd).off("error", onError).off("readable", onReadable);
  }
}
