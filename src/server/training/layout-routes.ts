import type { Layout } from "../../runs/index.ts";
import { readJson, sendEmpty, sendJson } from "./answer.ts";
import { toFields } from "./fields.ts";
import type { Call, Route, TrainingApi } from "./route.ts";

/** A little more than a layout may have, so that the refusal names the layout. */
const BODY_LIMIT_BYTES = 512 * 1024;

function wireLayout({ name, body, updatedAt }: Layout): Record<string, unknown> {
  return { name, layout: body, updated_at: updatedAt };
}

function list({ layouts }: TrainingApi, { response }: Call): void {
  sendJson(response, 200, { layouts: layouts.list().map(({ name, updatedAt }) => ({ name, updated_at: updatedAt })) });
}

function read({ layouts }: TrainingApi, { runId: name, response }: Call): void {
  sendJson(response, 200, wireLayout(layouts.get(name)));
}

async function write({ layouts }: TrainingApi, { runId: name, request, response }: Call): Promise<void> {
  sendJson(response, 200, wireLayout(layouts.put(name, toFields(await readJson(request, BODY_LIMIT_BYTES)))));
}

function remove({ layouts }: TrainingApi, { runId: name, response }: Call): void {
  layouts.remove(name);
  sendEmpty(response, 204);
}

/** How pages show runs, kept in the data folder. `:id` is the layout's name. */
export const LAYOUT_ROUTES: readonly Route[] = [
  { method: "GET", path: "/api/v2/layouts", handle: list },
  { method: "GET", path: "/api/v2/layouts/:id", handle: read },
  { method: "PUT", path: "/api/v2/layouts/:id", handle: write },
  { method: "DELETE", path: "/api/v2/layouts/:id", handle: remove },
];
