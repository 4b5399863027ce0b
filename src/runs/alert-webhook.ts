import { createHmac, randomUUID } from "node:crypto";
import { InvalidArgumentError, messageOf } from "../core/errors.ts";
import type { RaisedAlert } from "./run-writer.ts";
import type { Runs } from "./runs.ts";

export interface AlertWebhookOptions {
  /** Where alerts are posted, and nowhere else: redirects are not followed. */
  readonly url: string;
  /** Signs what is sent. Without one it is not signed. */
  readonly secret: string | null;
  readonly log: (line: string) => void;
  /** Before the second attempt; doubled before each later one, up to five minutes. Default 1 s. */
  readonly retryMs?: number;
}

interface Delivery {
  readonly id: string;
  readonly body: string;
}

const QUEUE_MAX = 1000;
const ATTEMPTS_MAX = 10;
const RETRY_MAX_MS = 300_000;
const TIMEOUT_MS = 10_000;

/** Checks the address of a webhook. @throws {InvalidArgumentError} */
export function toWebhookUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && (url.protocol === "https:" || url.protocol === "http:") && url.username === "" && url.password === "")
    return url.href;
  throw new InvalidArgumentError(
    `The webhook for alerts must be an http or https address without a name and password, got ${JSON.stringify(text)}.`,
  );
}

/** `t=<seconds>,v1=<hex>`: HMAC-SHA256 of `<seconds>.<body>`, so that what was sent once cannot be sent again later. */
export function signatureOf(secret: string, seconds: number, body: string): string {
  return `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`;
}

/**
 * Posts each alert of every run to one address, one after the other, in order. Nothing waits for it: what cannot be delivered is tried again for some time and then dropped, and the
 * log says so; of more than 1,000 that wait the oldest goes. What waits when the server ends is lost; the alerts themselves are in their runs.
 */
export class AlertWebhook {
  readonly #options: AlertWebhookOptions;
  readonly #unwatch: () => void;
  readonly #abort = new AbortController();
  readonly #queue: Delivery[] = [];
  #isSending = false;

  constructor(runs: Runs, options: AlertWebhookOptions) {
    this.#options = { ...options, url: toWebhookUrl(options.url) };
    this.#unwatch = runs.watchers.addForAlerts((alert) => this.#add(alert));
  }

  close(): void {
    this.#unwatch();
    this.#queue.length = 0;
    this.#abort.abort();
  }

  #add({ runId, name, state, alert, seq, at }: RaisedAlert): void {
    const body = JSON.stringify({ type: "alert", run: { id: runId, name, state }, alert: { ...alert, seq, at } });
    this.#queue.push({ id: randomUUID(), body });
    if (this.#queue.length > QUEUE_MAX) {
      this.#queue.shift();
      this.#options.log(`alert webhook: more than ${QUEUE_MAX} alerts wait; the oldest was dropped`);
    }
    if (this.#isSending) return;
    this.#isSending = true;
    void this.#sendAll();
  }

  /** Never rejects. */
  async #sendAll(): Promise<void> {
    for (let next = this.#queue[0]; next !== undefined && !this.#abort.signal.aborted; next = this.#queue[0]) {
      await this.#deliver(next);
      if (this.#queue[0] === next) this.#queue.shift();
    }
    this.#isSending = false;
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { retryMs = 1000, log } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const problem = await this.#attempt(delivery);
      if (problem === null || this.#abort.signal.aborted) return;
      if (!problem.isPassing || attempt === ATTEMPTS_MAX) {
        log(`alert webhook: an alert was dropped after ${attempt} attempts: ${problem.why}`);
        return;
      }
      await this.#wait(Math.min(RETRY_MAX_MS, retryMs * 2 ** (attempt - 1)));
    }
  }

  /** Null when it was taken. */
  async #attempt({ id, body }: Delivery): Promise<{ readonly why: string; readonly isPassing: boolean } | null> {
    const { url, secret } = this.#options;
    const seconds = Math.floor(Date.now() / 1000);
    const signature = secret === null ? {} : { "X-Trainyard-Signature": signatureOf(secret, seconds, body) };
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Trainyard-Delivery": id, ...signature },
        body,
        redirect: "manual",
        signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await response.body?.cancel();
      if (response.ok) return null;
      const { status } = response;
      return { why: `status ${status}`, isPassing: status >= 500 || status === 408 || status === 429 };
    } catch (error) {
      return { why: messageOf(error), isPassing: true };
    }
  }

  #wait(ms: number): Promise<void> {
    const { signal } = this.#abort;
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      timer.unref();
      signal.addEventListener("abort", done);
    });
  }
}
