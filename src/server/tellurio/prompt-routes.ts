import type { IncomingMessage, ServerResponse } from "node:http";
import { InvalidArgumentError, TrainyardError } from "../../core/errors.ts";
import type { PromptRuns } from "./prompt-runs.ts";
import { type PromptTrainings, toTrainingRequest } from "./prompt-trainings.ts";

const LIST = "/api/v2/prompt-runs";
const ENTRIES = /^\/api\/v2\/prompt-runs\/([0-9a-fA-F-]{1,64})\/entries$/;
/** Entries that are read from the log at a time. */
const PAGE = 200;
const BODY_MAX = 100_000;
/** A line with nothing in it, so that a reader can tell silence from a dead link. */
const BEAT_MS = 5000;

export function isPromptPath(path: string): boolean {
  return path === LIST || ENTRIES.test(path);
}

/**
 * `GET /api/v2/prompt-runs`: the list. `POST`: starts the example, answers `{id}`. `GET …/:id/entries?since=&follow=`: the log as NDJSON: a line `{type:"run"}`, entries
 * `{type:"entry", seq, kind, at, …}`, `{type:"caught_up"}`, then what happens, until the reader leaves; with `follow=false` it ends there.
 */
export function answerPrompts(
  request: IncomingMessage,
  response: ServerResponse,
  prompts: PromptRuns | null,
  trainings: PromptTrainings | null,
): void {
  const url = new URL(request.url ?? "/", "http://localhost");
  const runId = ENTRIES.exec(url.pathname)?.[1];
  const since = url.searchParams.get("since") ?? "0";
  if (request.method === "POST" && runId === undefined && trainings !== null) void start(request, response, trainings);
  else if (request.method !== "GET") refuse(response, 405, "Only GET is understood here.");
  else if (runId === undefined) json(response, 200, { runs: prompts?.list() ?? [] });
  else if (prompts === null || prompts.info(runId) === null) refuse(response, 404, `There is no run ${runId}.`);
  else if (!/^\d{1,15}$/.test(since)) refuse(response, 422, `since must be a whole number, got ${JSON.stringify(since)}.`);
  else new EntryStream(response, prompts, runId, Number(since), url.searchParams.get("follow") !== "false").start();
}

async function start(request: IncomingMessage, response: ServerResponse, trainings: PromptTrainings): Promise<void> {
  try {
    if (!(request.headers["content-type"] ?? "").startsWith("application/json")) throw new InvalidArgumentError("The body must be JSON.");
    let text = "";
    for await (const part of request) {
      text += String(part);
      if (text.length > BODY_MAX) throw new InvalidArgumentError(`The body may have at most ${BODY_MAX} characters.`);
    }
    json(response, 201, { id: trainings.start(toTrainingRequest(parsed(text))) });
  } catch (error) {
    const isBusy = error instanceof TrainyardError && error.code === "queue_full";
    if (isBusy || error instanceof InvalidArgumentError) refuse(response, isBusy ? 503 : 422, error.message);
    else response.destroy();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError("The body is not JSON.");
  }
}

/** One reader. It is never sent more than it takes: the log is read on when the socket has room. */
class EntryStream {
  readonly #response: ServerResponse;
  readonly #prompts: PromptRuns;
  readonly #runId: string;
  readonly #isFollowing: boolean;
  #seq: number;
  #isCaughtUp = false;
  #isWaiting = false;
  #shown = "";
  #stop = (): void => {};

  constructor(response: ServerResponse, prompts: PromptRuns, runId: string, since: number, isFollowing: boolean) {
    this.#response = response;
    this.#prompts = prompts;
    this.#runId = runId;
    // A place beyond the end belongs to another log: from the beginning.
    this.#seq = since > prompts.log.lastSeq(runId) ? 0 : since;
    this.#isFollowing = isFollowing;
  }

  start(): void {
    this.#response.writeHead(200, {
      "Content-Type": "application/x-ndjson; charset=utf-8",
      "Cache-Control": "no-store",
      "X-Accel-Buffering": "no",
    });
    const unwatch = this.#prompts.watch(this.#runId, () => this.#pump());
    const beat = setInterval(() => this.#write({ type: "beat" }), BEAT_MS);
    this.#stop = () => {
      clearInterval(beat);
      unwatch();
    };
    this.#response.once("close", this.#stop);
    this.#response.on("drain", () => {
      this.#isWaiting = false;
      this.#pump();
    });
    this.#pump();
  }

  #pump(): void {
    if (this.#isWaiting || this.#response.writableEnded || this.#response.destroyed) return;
    const info = this.#prompts.info(this.#runId);
    if (info === null) {
      this.#write({ type: "removed" });
      this.#end();
      return;
    }
    const shown = JSON.stringify(info);
    if (shown !== this.#shown) this.#write({ type: "run", ...info });
    this.#shown = shown;
    for (;;) {
      const entries = this.#prompts.log.read(this.#runId, this.#seq, PAGE);
      for (const { seq, kind, at, body } of entries) this.#write({ type: "entry", seq, kind, at, ...body });
      this.#seq = entries.at(-1)?.seq ?? this.#seq;
      if (entries.length < PAGE) break;
      if (this.#isWaiting) return;
    }
    if (!this.#isCaughtUp) this.#write({ type: "caught_up", seq: this.#seq });
    this.#isCaughtUp = true;
    if (!this.#isFollowing) this.#end();
  }

  #end(): void {
    this.#stop();
    this.#response.end();
  }

  #write(line: Readonly<Record<string, unknown>>): void {
    if (this.#response.writableEnded || this.#response.destroyed) return;
    if (!this.#response.write(`${JSON.stringify(line)}\n`)) this.#isWaiting = true;
  }
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store" });
  response.end(JSON.stringify(body));
}

export function refuse(response: ServerResponse, status: number, message: string): void {
  json(response, status, { error: status === 404 ? "not_found" : "invalid_input", message });
}
