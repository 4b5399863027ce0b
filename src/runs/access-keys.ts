import { createHash, randomBytes } from "node:crypto";
import { InvalidArgumentError, TrainyardError } from "../core/errors.ts";
import type { RunStore, SqlRow } from "./run-store.ts";

/** `read`: sees everything of runs. `write`: makes runs and reports to them as well. Neither removes or changes anything that is there. */
export const KEY_SCOPES = ["read", "write"] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

export interface AccessKey {
  readonly keyId: string;
  readonly name: string;
  readonly scope: KeyScope;
  /** Epoch ms. */
  readonly createdAt: number;
  /** Null: until it is revoked. */
  readonly expiresAt: number | null;
}

const PREFIX = "tyk_";
const KEYS_MAX = 1000;

/** Keys that are handed out in the place of the server's token. Only their hashes are stored: a key is shown once. */
export class AccessKeys {
  readonly #store: RunStore;
  readonly #now: () => number;

  constructor(store: RunStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** @throws {InvalidArgumentError} for an end that has passed; {TrainyardError} `too_large`. */
  create(name: string, scope: KeyScope, expiresAt: number | null): { readonly key: string; readonly record: AccessKey } {
    if (expiresAt !== null && !(expiresAt > this.#now())) throw new InvalidArgumentError("expires_at must be in the future, in epoch ms.");
    if (this.list().length >= KEYS_MAX) throw new TrainyardError("too_large", `There are ${KEYS_MAX} keys. Revoke one first.`);
    const key = `${PREFIX}${randomBytes(24).toString("base64url")}`;
    const record = { keyId: randomBytes(8).toString("hex"), name, scope, createdAt: this.#now(), expiresAt };
    this.#store
      .sql("INSERT INTO access_keys (key_id, hash, name, scope, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)")
      .run(record.keyId, hashOf(key), name, scope, record.createdAt, expiresAt);
    return { key, record };
  }

  /** The key that `given` is; null for what is none, was revoked or has expired. */
  find(given: unknown): AccessKey | null {
    if (typeof given !== "string" || !given.startsWith(PREFIX)) return null;
    const row = this.#store.sql("SELECT * FROM access_keys WHERE hash = ?").get(hashOf(given));
    const found = row === undefined ? null : toKey(row);
    return found === null || (found.expiresAt !== null && found.expiresAt <= this.#now()) ? null : found;
  }

  /** Newest first, expired ones too. */
  list(): AccessKey[] {
    return this.#store.sql("SELECT * FROM access_keys ORDER BY created_at DESC, key_id").all().map(toKey);
  }

  /** From now on the key is none. @throws {TrainyardError} `not_found` */
  revoke(keyId: string): void {
    const { changes } = this.#store.sql("DELETE FROM access_keys WHERE key_id = ?").run(keyId);
    if (changes === 0) throw new TrainyardError("not_found", `There is no key ${JSON.stringify(keyId)}.`);
  }
}

/** Keys are long and random: a plain hash is enough, and finding one takes no comparison that could tell anything. */
function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

function toKey(row: SqlRow): AccessKey {
  return {
    keyId: row.key_id as string,
    name: row.name as string,
    scope: row.scope as KeyScope,
    createdAt: row.created_at as number,
    expiresAt: row.expires_at as number | null,
  };
}
