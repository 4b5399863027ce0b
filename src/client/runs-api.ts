import type {
  RollUpSeries,
  RunFacets,
  RunInfo,
  RunLayout,
  RunListQuery,
  RunListReply,
  RunSeriesFacts,
  SeriesRequest,
} from "./runs-types.ts";

/** The server refused a request about runs, or could not be reached (`status` 0). `message` is for people. */
export class RunsRequestError extends Error {
  override readonly name = "RunsRequestError";
  readonly status: number;
  /** The code of the answer, such as `not_found`; empty without an answer. */
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface RunsApiOptions {
  /** `http://127.0.0.1:5757`, without a slash at the end. */
  readonly url: string;
  readonly token: string;
  readonly fetch?: typeof fetch;
}

/** Requests about runs, typed. Every call may be aborted; none is repeated by itself. */
export class RunsApi {
  readonly #options: RunsApiOptions;

  constructor(options: RunsApiOptions) {
    this.#options = options;
  }

  list(query: RunListQuery = {}, signal?: AbortSignal): Promise<RunListReply> {
    const asked = new URLSearchParams();
    const { state, metrics, config, ...plain } = query;
    if (state !== undefined && state.length > 0) asked.set("state", state.join(","));
    if (metrics !== undefined && metrics.length > 0) asked.set("metrics", metrics.join(","));
    for (const condition of config ?? []) asked.append("config", condition);
    for (const [name, value] of Object.entries(plain)) if (value !== undefined && value !== "") asked.set(name, String(value));
    return this.#ask("GET", `/runs?${asked}`, undefined, signal);
  }

  facets(signal?: AbortSignal): Promise<RunFacets> {
    return this.#ask("GET", "/facets", undefined, signal);
  }

  get(id: string, signal?: AbortSignal): Promise<RunInfo> {
    return this.#ask("GET", runPath(id), undefined, signal);
  }

  update(id: string, change: { readonly name?: string; readonly tags?: readonly string[]; readonly notes?: string }): Promise<RunInfo> {
    return this.#ask("PATCH", runPath(id), change);
  }

  remove(id: string): Promise<void> {
    return this.#ask("DELETE", runPath(id));
  }

  /** Asks the reporter to end. */
  stop(id: string): Promise<RunInfo> {
    return this.#ask("POST", `${runPath(id)}/stop`, {});
  }

  async keys(id: string, signal?: AbortSignal): Promise<readonly ({ readonly key: string } & RunSeriesFacts)[]> {
    const { series } = await this.#ask<{ series: readonly ({ key: string } & RunSeriesFacts)[] }>(
      "GET",
      `${runPath(id)}/keys`,
      undefined,
      signal,
    );
    return series;
  }

  /** Buckets of series: minimum, maximum and mean of everything in them. */
  async rollUp(id: string, request: SeriesRequest, signal?: AbortSignal): Promise<readonly RollUpSeries[]> {
    const asked = new URLSearchParams({ reduce: "roll_up", keys: request.keys.join(",") });
    for (const name of ["x", "from", "to", "max_points"] as const) if (request[name] !== undefined) asked.set(name, String(request[name]));
    const { series } = await this.#ask<{ series: readonly RollUpSeries[] }>("GET", `${runPath(id)}/series?${asked}`, undefined, signal);
    return series;
  }

  /** Everything at full resolution, as a file. */
  async exported(id: string, format: "csv" | "ndjson" | "arrow" | "parquet"): Promise<Blob> {
    return (await this.#fetch("GET", `${runPath(id)}/export?format=${format}`)).blob();
  }

  async layouts(signal?: AbortSignal): Promise<readonly { readonly name: string; readonly updated_at: number }[]> {
    return (await this.#ask<{ layouts: readonly { name: string; updated_at: number }[] }>("GET", "/layouts", undefined, signal)).layouts;
  }

  layout(name: string, signal?: AbortSignal): Promise<RunLayout> {
    return this.#ask("GET", `/layouts/${encodeURIComponent(name)}`, undefined, signal);
  }

  saveLayout(name: string, layout: Readonly<Record<string, unknown>>): Promise<RunLayout> {
    return this.#ask("PUT", `/layouts/${encodeURIComponent(name)}`, layout);
  }

  removeLayout(name: string): Promise<void> {
    return this.#ask("DELETE", `/layouts/${encodeURIComponent(name)}`);
  }

  async #ask<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const response = await this.#fetch(method, path, body, signal);
    // An empty answer has no body; its caller expects none.
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  async #fetch(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const { url, token, fetch: send = fetch } = this.#options;
    const headers: Record<string, string> = { Authorization: `Bearer ${token}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response: Response;
    try {
      response = await send(`${url}/api/v2${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new RunsRequestError(0, "", "The server did not answer. It is asked again when it is back.");
    }
    if (response.ok) return response;
    const refusal = (await response.json().catch(() => ({}))) as { error?: string; message?: string };
    throw new RunsRequestError(
      response.status,
      refusal.error ?? "",
      refusal.message ?? `The server answered with status ${response.status}.`,
    );
  }
}

function runPath(id: string): string {
  return `/runs/${encodeURIComponent(id)}`;
}
