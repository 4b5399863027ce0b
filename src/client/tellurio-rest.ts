import { messageOf, TrainyardError } from "../core/errors.ts";

export const RUN_STATUSES = ["RUNNING", "COMPLETED", "FAILED", "CRASHED"] as const;
export type TellurioRunStatus = (typeof RUN_STATUSES)[number];

export interface TellurioProject {
  readonly uuid: string;
  readonly display_name: string;
  readonly slug: string;
}

export interface TellurioRunRecord {
  readonly uuid: string;
  readonly name: string;
  readonly status: TellurioRunStatus;
}

export interface RestOptions {
  readonly fetch?: typeof fetch;
  /** Per request. Default 5,000. */
  readonly timeoutMs?: number;
}

/** The REST part of the protocol: who a key belongs to, projects, runs, metrics. One request per call, not repeated. */
export class TellurioRest {
  readonly #base: string;
  readonly #apiKey: string;
  readonly #options: RestOptions;

  /** @param base  scheme, host and port: `http://127.0.0.1:5757`. */
  constructor(base: string, apiKey: string, options: RestOptions = {}) {
    this.#base = base.replace(/\/+$/, "");
    this.#apiKey = apiKey;
    this.#options = options;
  }

  /** @throws {TrainyardError} `refused` when the key is not this server's. */
  async verify(): Promise<{ readonly email: string; readonly username: string }> {
    return this.#json(await this.#ask("GET", "verify-api-key/"));
  }

  /** Null when there is no such project. */
  async project(namespace: string, slug: string): Promise<TellurioProject | null> {
    const response = await this.#fetch("GET", `${part(namespace)}/projects/${part(slug)}/`);
    return response.status === 404 ? null : this.#json(await accepted(response));
  }

  async createProject(namespace: string, display_name: string, visibility: string): Promise<TellurioProject> {
    return this.#json(await this.#ask("POST", `${part(namespace)}/projects/`, { display_name, visibility }));
  }

  async createRun(namespace: string, slug: string, fields: Readonly<Record<string, string>>): Promise<TellurioRunRecord> {
    return this.#json(await this.#ask("POST", `${part(namespace)}/projects/${part(slug)}/runs/`, fields));
  }

  async setStatus(namespace: string, slug: string, uuid: string, status: TellurioRunStatus): Promise<void> {
    await this.#ask("PATCH", `${part(namespace)}/projects/${part(slug)}/runs/${part(uuid)}/`, { status });
  }

  /** @returns the step under which it was kept. */
  async addMetric(namespace: string, slug: string, uuid: string, metric: Readonly<Record<string, unknown>>): Promise<number> {
    const answer = await this.#ask("POST", `${part(namespace)}/projects/${part(slug)}/runs/${part(uuid)}/metrics/`, metric);
    return (await this.#json<{ readonly step: number }>(answer)).step;
  }

  async #ask(method: string, path: string, body?: unknown): Promise<Response> {
    return accepted(await this.#fetch(method, path, body));
  }

  async #fetch(method: string, path: string, body?: unknown): Promise<Response> {
    const { fetch: ask = globalThis.fetch, timeoutMs = 5000 } = this.#options;
    const headers = { Authorization: `Api-Key ${this.#apiKey}`, ...(body === undefined ? {} : { "Content-Type": "application/json" }) };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    try {
      return await ask(`${this.#base}/api/v0/${path}`, {
        method,
        headers,
        redirect: "error",
        signal: AbortSignal.timeout(timeoutMs),
        ...sent,
      });
    } catch (cause) {
      throw new TrainyardError("unavailable", `${method} ${this.#base}/api/v0/${path} got no answer: ${messageOf(cause)}`, {
        cause,
        retryable: true,
      });
    }
  }

  async #json<Body>(response: Response): Promise<Body> {
    return (await response.json()) as Body; // the server's word
  }
}

async function accepted(response: Response): Promise<Response> {
  if (response.ok) return response;
  const body = (await response.json().catch(() => ({}))) as { readonly detail?: unknown };
  const why = typeof body.detail === "string" ? body.detail : `The server answered ${response.status}.`;
  throw new TrainyardError(response.status === 401 || response.status === 403 ? "refused" : "task_failed", why, {
    details: { status: response.status },
  });
}

function part(text: string): string {
  return encodeURIComponent(text);
}
