/** One thing for the server: what a line of the queue file holds. `path` is below the run. */
export interface Parcel {
  readonly path: "points" | "finish" | "logs";
  readonly body: unknown;
}

/** Makes the run: the same key gives the same run, however often it is asked for. */
export interface RunParcel {
  readonly key: string;
  readonly body: unknown;
}

export type Delivery =
  | { readonly type: "delivered"; readonly state: string }
  /** The server is not there, or busy: the same may succeed later. */
  | { readonly type: "away"; readonly why: string }
  /** The server will never take this. */
  | { readonly type: "refused"; readonly why: string };

export interface SenderOptions {
  readonly url: string;
  readonly token: string;
  readonly timeoutMs?: number;
}

/** Talks to one server about one run. Nothing here throws. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #run: RunParcel;
  #runId: string | null;

  constructor(options: SenderOptions, run: RunParcel, runId: string | null) {
    this.#options = options;
    this.#run = run;
    this.#runId = runId;
  }

  /** Null until the server has answered for the first time. */
  get runId(): string | null {
    return this.#runId;
  }

  async send(parcel: Parcel | { readonly path: "beat" }): Promise<Delivery> {
    if (this.#runId === null) {
      const made = await this.#post("/api/v2/runs", this.#run.body, { "Idempotency-Key": this.#run.key });
      if (made.type !== "answered") return made;
      if (typeof made.body.id !== "string") return { type: "refused", why: "the server gave the run no id" };
      this.#runId = made.body.id;
    }
    const answer = await this.#post(`/api/v2/runs/${this.#runId}/${parcel.path}`, "body" in parcel ? parcel.body : {}, {});
    return answer.type === "answered" ? { type: "delivered", state: String(answer.body.state) } : answer;
  }

  async #post(
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>>,
  ): Promise<{ readonly type: "answered"; readonly body: Readonly<Record<string, unknown>> } | Exclude<Delivery, { type: "delivered" }>> {
    const { url, token, timeoutMs = 10_000 } = this.#options;
    try {
      const response = await fetch(new URL(path, url), {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}`, ...headers },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await response.text();
      if (response.ok) return { type: "answered", body: text === "" ? {} : JSON.parse(text) };
      const why = `${response.status} ${text.slice(0, 500)}`;
      // A wrong token may be put right; what is malformed stays so.
      const isLater = response.status >= 500 || [401, 403, 408, 429].includes(response.status);
      return { type: isLater ? "away" : "refused", why };
    } catch (error) {
      return { type: "away", why: String(error) };
    }
  }
}
