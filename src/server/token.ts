import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Eight random bytes as four dash-joined groups of four lower-case hex digits. */
export function generateToken(): string {
  return randomBytes(8)
    .toString("hex")
    .replace(/(.{4})(?=.)/g, "$1-");
}

/** Whether `given` is exactly `expected`; takes the same time wherever they differ. */
export function isToken(expected: string, given: unknown): boolean {
  if (typeof given !== "string" || given === "") return false;
  return timingSafeEqual(digest(expected), digest(given));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
