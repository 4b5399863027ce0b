import type { AccessKeys } from "../../runs/index.ts";
import type { TokenGate, Verdict } from "../token-gate.ts";
import type { Route } from "./route.ts";

/** What a caller may do, and until when. The server's own token may everything, always. */
export interface Access {
  readonly scope: "owner" | "write" | "read";
  /** Null: the server's token. */
  readonly keyId: string | null;
  /** Epoch ms; null: no end. */
  readonly expiresAt: number | null;
}

/** What came of a token or a key. `retryAfterSeconds` is null while the address may still guess. */
export type Admission = { readonly opens: true; readonly access: Access } | Extract<Verdict, { readonly opens: false }>;

/** @param address of the other side; wrong tokens and keys count against it alike. */
export function admissionOf(gate: TokenGate, keys: AccessKeys, address: string | undefined, given: unknown): Admission {
  const key = keys.find(given);
  if (key !== null) return { opens: true, access: { scope: key.scope, keyId: key.keyId, expiresAt: key.expiresAt } };
  const verdict = gate.check(address, given);
  return verdict.opens ? { opens: true, access: { scope: "owner", keyId: null, expiresAt: null } } : verdict;
}

const RANKS = { read: 0, write: 1, owner: 2 } as const;

/** Reading takes any key, reporting one that may write; what removes or changes takes the server's token. A route may say otherwise. */
export function mayCall({ scope }: Access, { method, needs }: Route): boolean {
  const wanted = needs ?? (method === "GET" ? "read" : method === "POST" ? "write" : "owner");
  return RANKS[scope] >= RANKS[wanted];
}
