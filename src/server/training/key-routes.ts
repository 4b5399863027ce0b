import { type AccessKey, KEY_SCOPES } from "../../runs/index.ts";
import { readJson, sendEmpty, sendJson } from "./answer.ts";
import { maybeReal, oneOf, text, toFields } from "./fields.ts";
import type { Call, Route, TrainingApi } from "./route.ts";

const BODY_LIMIT_BYTES = 16 * 1024;

function wireKey({ keyId, name, scope, createdAt, expiresAt }: AccessKey): Record<string, unknown> {
  return { id: keyId, name, scope, created_at: createdAt, expires_at: expiresAt };
}

function list({ keys }: TrainingApi, { response }: Call): void {
  sendJson(response, 200, { keys: keys.list().map(wireKey) });
}

/** The only answer that has the key itself. */
async function create({ keys }: TrainingApi, { request, response }: Call): Promise<void> {
  const fields = toFields(await readJson(request, BODY_LIMIT_BYTES));
  const { key, record } = keys.create(
    text(fields, "name", { max: 200 }),
    oneOf(fields, "scope", KEY_SCOPES),
    maybeReal(fields, "expires_at") ?? null,
  );
  sendJson(response, 201, { ...wireKey(record), key });
}

function revoke({ keys, onRevoked }: TrainingApi, { runId: keyId, response }: Call): void {
  keys.revoke(keyId);
  onRevoked(keyId);
  sendEmpty(response, 204);
}

/** Keys for reporters and readers. `:id` is a key's id. */
export const KEY_ROUTES: readonly Route[] = [
  { method: "GET", path: "/api/v2/keys", handle: list, needs: "owner" },
  { method: "POST", path: "/api/v2/keys", handle: create, needs: "owner" },
  { method: "DELETE", path: "/api/v2/keys/:id", handle: revoke },
];
