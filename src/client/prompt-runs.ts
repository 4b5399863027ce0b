import { messageOf, TrainyardError } from "../core/errors.ts";
import { type LinkClock, REAL_CLOCK } from "./link.ts";
import { LINK_TIMES, reconnectDelayMs } from "./link-state.ts";
import type { RunStateName } from "./runs-types.ts";

/** A prompt training as the list and the head of its page show it. Times are epoch ms. */
export interface PromptRunInfo {
  readonly id: string;
  readonly name: string;
  readonly state: RunStateName;
  readonly reason: string | null;
  readonly tags: readonly string[];
  readonly created_at: number;
  readonly finished_at: number | null;
}

export interface PromptRunSummary extends PromptRunInfo {
  readonly step: number;
  readonly score: number | null;
  readonly cost_usd: number;
}

export interface PromptGraphNode {
  readonly id: string;
  readonly kind: "operation" | "parameter" | "variable" | "fixed";
  readonly label: string;
  readonly outputs: readonly string[];
  readonly count: number;
  /** Key of the text that is learned. */
  readonly variable: string | null;
}

export interface PromptGraphEdge {
  readonly from: string;
  readonly to: string;
  readonly count: number;
}

interface Numbered {
  readonly type: "entry";
  readonly seq: number;
  readonly at: number;
}

/** One entry of a training's log. */
export type PromptEntry = Numbered &
  (
    | { readonly kind: "variable"; readonly variable: string; readonly role: string }
    | {
        readonly kind: "version";
        readonly variable: string;
        readonly version: number;
        readonly text: string;
        readonly step: number;
        readonly by: "start" | "optimizer" | "trainer";
        /** Numbers of the entries with the criticism that led to it. */
        readonly gradients: readonly number[];
      }
    | { readonly kind: "gradient"; readonly variable: string; readonly version: number; readonly text: string; readonly step: number }
    | {
        readonly kind: "graph";
        readonly nodes: readonly PromptGraphNode[];
        readonly edges: readonly PromptGraphEdge[];
        readonly is_cut: boolean;
        readonly step: number;
      }
    | {
        readonly kind: "score";
        readonly split: "training" | "validation";
        readonly step: number;
        readonly mean: number;
        readonly count: number;
      }
    | { readonly kind: "step"; readonly step: number; readonly calls: number; readonly tokens: number; readonly cost_usd: number }
  );

/** Which language model an own training asks. A key is kept in the server's memory until that training ends. */
export type PromptModelChoice =
  | { readonly kind: "scripted" }
  | { readonly kind: "openai"; readonly model: string; readonly base_url: string; readonly api_key: string; readonly consent: boolean };

export interface PromptTrainingRequest {
  readonly model: PromptModelChoice;
  /** The instructions to begin with. Default: the example's. */
  readonly prompt?: string;
}

/** Somebody who follows a training. */
export interface PromptReader {
  onRun(run: PromptRunInfo): void;
  /** In order, each once. */
  onEntries(entries: readonly PromptEntry[]): void;
  /** Whether what is shown is what is: true once everything that was there has come, false while the server does not answer. */
  onLive(isLive: boolean): void;
  onGone(why: string): void;
}

export interface PromptRunsOptions {
  /** `http://127.0.0.1:5757` */
  readonly url: string;
  readonly token: string;
  readonly fetch?: typeof fetch;
  readonly clock?: LinkClock;
}

/** Prompt trainings of a server: list, start, stop, follow. Requests are not repeated; a stream is opened again for as long as it takes. */
export class PromptRuns {
  readonly #options: PromptRunsOptions;
  readonly #clock: LinkClock;

  constructor(options: PromptRunsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? REAL_CLOCK;
  }

  async list(): Promise<readonly PromptRunSummary[]> {
    const { runs } = (await this.#json("GET", "/api/v2/prompt-runs")) as { readonly runs: readonly PromptRunSummary[] };
    return runs;
  }

  /** Starts the example. @returns the run's id. */
  async start(request: PromptTrainingRequest): Promise<string> {
    return ((await this.#json("POST", "/api/v2/prompt-runs", request)) as { readonly id: string }).id;
  }

  /** Asks the trainer to end; its next step fails with that reason. */
  async stop(runId: string): Promise<void> {
    await this.#json("POST", `/api/v2/runs/${encodeURIComponent(runId)}/stop`, {});
  }

  /** Tells everything that was and then what happens, until the returned function is called. */
  follow(runId: string, reader: PromptReader): () => void {
    const stop = new AbortController();
    void this.#follow(runId, reader, stop.signal);
    return () => stop.abort();
  }

  async #follow(runId: string, reader: PromptReader, signal: AbortSignal): Promise<void> {
    let seq = 0;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const end = await this.#read(runId, seq, signal, {
        onLine: (line) => {
          attempt = 0;
          if (line.type === "run") reader.onRun(line as unknown as PromptRunInfo);
          else if (line.type === "caught_up") reader.onLive(true);
          else if (line.type === "removed") reader.onGone("The run was removed.");
        },
        onEntries: (entries) => {
          const fresh = entries.filter((entry) => entry.seq > seq);
          seq = fresh.at(-1)?.seq ?? seq;
          if (fresh.length > 0) reader.onEntries(fresh);
        },
      });
      if (signal.aborted) return;
      if (end !== null) {
        reader.onGone(end);
        return;
      }
      reader.onLive(false);
      const delayMs = reconnectDelayMs(attempt, () => this.#clock.random());
      await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, delayMs));
    }
  }

  /** One stream until it ends or falls silent. @returns why there is no use in another one, else null. */
  async #read(runId: string, since: number, signal: AbortSignal, to: StreamReader): Promise<string | null> {
    const silence = new AbortController();
    let timer = this.#clock.setTimeout(() => silence.abort(), LINK_TIMES.silenceMs);
    const heard = (): void => {
      this.#clock.clearTimeout(timer);
      timer = this.#clock.setTimeout(() => silence.abort(), LINK_TIMES.silenceMs);
    };
    try {
      const path = `/api/v2/prompt-runs/${encodeURIComponent(runId)}/entries?since=${since}`;
      const response = await this.#ask("GET", path, undefined, AbortSignal.any([signal, silence.signal]));
      if (response.status === 404 || response.status === 401) return await reasonOf(response);
      if (!response.ok || response.body === null) return null;
      let rest = "";
      const texts = response.body.pipeThrough(new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>).getReader();
      for (let piece = await texts.read(); !piece.done; piece = await texts.read()) {
        heard();
        const lines = (rest + piece.value).split("\n");
        rest = lines.pop() ?? "";
        tell(lines, to);
      }
    } catch {
      // lost, silent, or no longer wanted: the caller knows which
    } finally {
      this.#clock.clearTimeout(timer);
      silence.abort();
    }
    return null;
  }

  async #json(method: string, path: string, body?: unknown): Promise<unknown> {
    let response: Response;
    try {
      response = await this.#ask(method, path, body, AbortSignal.timeout(LINK_TIMES.silenceMs));
    } catch (cause) {
      throw new TrainyardError("unavailable", `The server does not answer: ${messageOf(cause)}`, { cause, retryable: true });
    }
    if (!response.ok) throw new TrainyardError(response.status === 404 ? "not_found" : "refused", await reasonOf(response));
    return response.json();
  }

  #ask(method: string, path: string, body: unknown, signal: AbortSignal): Promise<Response> {
    const { url, token, fetch: ask = globalThis.fetch } = this.#options;
    const headers = { Authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "Content-Type": "application/json" }) };
    return ask(`${url}${path}`, { method, headers, signal, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  }
}

type Line = Readonly<Record<string, unknown>>;
interface StreamReader {
  onLine(line: Line): void;
  onEntries(entries: readonly PromptEntry[]): void;
}

/** Entries that arrived together are told together. */
function tell(lines: readonly string[], to: StreamReader): void {
  let entries: PromptEntry[] = [];
  for (const text of lines) {
    const line = JSON.parse(text) as Line;
    if (line.type === "entry") {
      entries.push(line as unknown as PromptEntry);
      continue;
    }
    if (entries.length > 0) to.onEntries(entries);
    entries = [];
    to.onLine(line);
  }
  if (entries.length > 0) to.onEntries(entries);
}

async function reasonOf(response: Response): Promise<string> {
  const body = (await response.json().catch(() => ({}))) as { readonly message?: unknown };
  return typeof body.message === "string" ? body.message : `The server answered ${response.status}.`;
}
