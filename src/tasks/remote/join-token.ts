import { InvalidArgumentError } from "../../core/errors.ts";
import { nodeCrypto } from "./node-crypto.ts";

/** What a daemon must know to join: a secret, and for a generated certificate its fingerprint. */
export interface JoinToken {
  readonly secret: Buffer;
  /** SHA-256 of the host's certificate; null where the usual authorities vouch for it, or there is no TLS. */
  readonly fingerprint: Buffer | null;
}

const PREFIX = "ty1";
const SECRET_BYTES = 32;
const FINGERPRINT_BYTES = 32;

export function newSecret(): Buffer {
  return nodeCrypto().randomBytes(SECRET_BYTES);
}

/** One word of letters, digits, "-", "_" and ".": safe in a shell. */
export function formatToken({ secret, fingerprint }: JoinToken): string {
  const parts = [PREFIX, secret.toString("base64url")];
  if (fingerprint !== null) parts.push(fingerprint.toString("base64url"));
  return parts.join(".");
}

/** @throws {InvalidArgumentError} for anything that `formatToken` did not make. The message does not repeat it. */
export function parseToken(text: string): JoinToken {
  const [prefix, secret = "", fingerprint, ...more] = text.trim().split(".");
  const token = {
    secret: Buffer.from(secret, "base64url"),
    fingerprint: fingerprint === undefined ? null : Buffer.from(fingerprint, "base64url"),
  };
  const isWhole = token.secret.length === SECRET_BYTES && (token.fingerprint === null || token.fingerprint.length === FINGERPRINT_BYTES);
  if (prefix === PREFIX && isWhole && more.length === 0) return token;
  throw new InvalidArgumentError("the join token is damaged: copy the whole text that the host printed, from ty1. on");
}

/** Shows knowledge of the secret without showing the secret. `who` keeps one side's proof from being played back as the other's. */
export function proofOf(secret: Buffer, who: "daemon" | "host", daemonNonce: Uint8Array, hostNonce: Uint8Array): Buffer {
  return nodeCrypto().createHmac("sha256", secret).update(`trainyard join ${who}\n`).update(daemonNonce).update(hostNonce).digest();
}

/** In a time that does not depend on where they differ. Both have 32 bytes. */
export function isSameProof(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && nodeCrypto().timingSafeEqual(a, b);
}
