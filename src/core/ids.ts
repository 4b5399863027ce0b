export type IdPrefix = "conn" | "sess" | "data" | "upload" | "job" | "run";

/** `<prefix>-` and 16 lower-case hex digits from the platform's cryptographic source. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}-${randomHex(8)}`;
}

/** Cryptographically random bytes as lower-case hex, two digits each. */
export function randomHex(bytes: number): string {
  const raw = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(raw, (b) => b.toString(16).padStart(2, "0")).join("");
}
