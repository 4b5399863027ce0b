import type { TellurioRest, TellurioRunStatus } from "./tellurio-rest.ts";

export interface RunPlace {
  /** Slug of a user or an organisation. */
  readonly namespace: string;
  readonly projectSlug: string;
  readonly uuid: string;
  readonly name: string;
}

/** A tracked run. It ends once; ending it again with the same status is fine. */
export class TellurioRun implements RunPlace {
  readonly namespace: string;
  readonly projectSlug: string;
  readonly uuid: string;
  readonly name: string;
  readonly #rest: TellurioRest;
  readonly #onEnd: (run: TellurioRun) => void;
  #status: TellurioRunStatus = "RUNNING";

  constructor(rest: TellurioRest, place: RunPlace, onEnd: (run: TellurioRun) => void) {
    this.#rest = rest;
    this.namespace = place.namespace;
    this.projectSlug = place.projectSlug;
    this.uuid = place.uuid;
    this.name = place.name;
    this.#onEnd = onEnd;
  }

  get status(): TellurioRunStatus {
    return this.#status;
  }

  /** Any JSON value. Without a step the server numbers the metric, from 0. @returns the step. */
  log(name: string, value: unknown, step: number | null = null): Promise<number> {
    const metric = { name, value, ...(step === null ? {} : { step }) };
    return this.#rest.addMetric(this.namespace, this.projectSlug, this.uuid, metric);
  }

  async finish(status: Exclude<TellurioRunStatus, "RUNNING"> = "COMPLETED"): Promise<void> {
    this.#onEnd(this);
    this.#status = status;
    await this.#rest.setStatus(this.namespace, this.projectSlug, this.uuid, status);
  }

  /** `await using run = …` completes it, unless it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#status === "RUNNING") await this.finish();
  }
}
