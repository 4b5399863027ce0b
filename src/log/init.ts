import { join } from "node:path";
import { randomHex } from "../core/ids.ts";
import { type LoggedRow, toColumns } from "./columns.ts";
import { queueFolder, toServer } from "./deliver.ts";
import { QueueFile } from "./queue-file.ts";
import { type Delivery, type Parcel, Sender } from "./sender.ts";
import { SystemFigures, type SystemValues } from "./system-figures.ts";

export interface InitOptions {
  readonly name: string;
  /** Default: TRAINYARD_URL, else `http://127.0.0.1:5757`. */
  readonly url?: string;
  /** Default: TRAINYARD_TOKEN. */
  readonly token?: string;
  /** Hyperparameters and whatever else describes the run. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly tags?: readonly string[];
  /** An existing run to go on with. */
  readonly runId?: string;
  /** Where points wait while the server is away. Default: TRAINYARD_QUEUE_DIR, else a folder of the user. */
  readonly queueDir?: string;
  /** Between samples of CPU, memory and GPUs, which are logged as `sys/…`; 0 for none. Default 10,000; TRAINYARD_SYSTEM=off switches it off. */
  readonly systemMs?: number;
  /** Told what went wrong, at most once a minute for each kind. Default: standard error. */
  readonly onProblem?: (message: string) => void;
}

export interface LogOptions {
  /** Default: one more than the last. */
  readonly step?: number;
  /** Epoch ms. Default: now. */
  readonly time?: number;
}

export type FinishState = "completed" | "failed" | "stopped";

/** A run that is being logged. Nothing here throws. */
export interface LoggedRun {
  /** Takes a row; returns at once. It is sent in the background. */
  log(values: Readonly<Record<string, unknown>>, options?: LogOptions): void;
  /** A line for people. */
  line(message: string, level?: string): void;
  /** Whether somebody asked this run to stop. */
  readonly shouldStop: boolean;
  /** The server's id of the run; null while it has not answered yet. */
  readonly runId: string | null;
  /** Sends what is left and ends the run. `false`: the server was away; everything waits on disk and `deliver()` brings it. */
  finish(state?: FinishState, options?: { readonly reason?: string; readonly timeoutMs?: number }): Promise<boolean>;
}

const GATHER_MS = 200;
const ROWS_PER_PARCEL = 2000;
const BEAT_MS = 15_000;
const SYSTEM_MS = 10_000;
const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 10_000;
const PROBLEM_EVERY_MS = 60_000;

/** Begins a run. Returns at once, whether the server is there or not. */
export function init(options: InitOptions): LoggedRun {
  return new Logger(options);
}

/**
 * Rows go from memory to the server, or to the queue file when it is away; once there is a file, everything goes through it, so
 * that order stays. Invariant: a row has one number of this producer from the moment it is cut into a parcel.
 */
class Logger implements LoggedRun {
  shouldStop = false;
  readonly #sender: Sender;
  readonly #queue: QueueFile;
  readonly #producer = `log-${randomHex(8)}`;
  readonly #onProblem: (message: string) => void;
  readonly #problems = new Map<string, number>();
  readonly #onExit = (): void => void this.#keep(() => this.#queue.addNow([...this.#inFlight, ...this.#cut()]));
  #rows: LoggedRow[] = [];
  #parcels: Parcel[] = [];
  #inFlight: readonly Parcel[] = [];
  #lastStep = -1;
  #nextNumber = 0;
  #nextLine = 0;
  #timer: NodeJS.Timeout | null = null;
  readonly #beat: NodeJS.Timeout;
  readonly #system: NodeJS.Timeout | null;
  /** Figures that wait for a row to go with. */
  #systemValues: SystemValues | null = null;
  #sentAt = 0;
  #retryMs = 0;
  #work: Promise<void> | null = null;
  #hasEnded = false;

  constructor(options: InitOptions) {
    this.#onProblem = options.onProblem ?? ((message) => void process.stderr.write(`trainyard: ${message}\n`));
    const key = randomHex(16);
    const body = {
      name: String(options.name),
      ...(options.config === undefined ? {} : { config: options.config }),
      ...(options.tags === undefined ? {} : { tags: options.tags }),
    };
    const server = toServer(options);
    this.#sender = new Sender(server, { key, body }, options.runId ?? null);
    this.#queue = new QueueFile(join(queueFolder(options.queueDir), `${key}.jsonl`), () => ({
      format: "trainyard.queue",
      version: 1,
      url: server.url,
      run: { key, body },
      runId: this.#sender.runId,
    }));
    this.#beat = setInterval(() => void this.#maybeBeat(), BEAT_MS);
    this.#beat.unref();
    this.#system = this.#watchSystem(options.systemMs ?? (process.env.TRAINYARD_SYSTEM === "off" ? 0 : SYSTEM_MS));
    process.once("exit", this.#onExit);
  }

  get runId(): string | null {
    return this.#sender.runId;
  }

  log(values: Readonly<Record<string, unknown>>, { step = this.#lastStep + 1, time = Date.now() }: LogOptions = {}): void {
    if (this.#hasEnded || !Number.isFinite(step) || !Number.isFinite(time)) {
      this.#problem(this.#hasEnded ? "log() after the end of the run" : "a step or a time that is not a number");
      return;
    }
    this.#lastStep = step;
    this.#rows.push({ step, time, values: { ...this.#systemValues, ...values } });
    this.#systemValues = null;
    this.#schedule();
  }

  line(message: string, level = "INFO"): void {
    if (this.#hasEnded) return;
    this.#parcels.push(...this.#cutRows(), {
      path: "logs",
      body: { message: String(message), level, producer: this.#producer, sequence: this.#nextLine++ },
    });
    this.#schedule();
  }

  async finish(
    state: FinishState = "completed",
    { reason, timeoutMs = 5000 }: { readonly reason?: string; readonly timeoutMs?: number } = {},
  ): Promise<boolean> {
    if (!this.#hasEnded) {
      this.#hasEnded = true;
      this.#parcels.push(...this.#cutRows(), { path: "finish", body: { state, ...(reason === undefined ? {} : { reason }) } });
    }
    clearInterval(this.#beat);
    if (this.#system !== null) clearInterval(this.#system);
    const isDone = await this.#untilSent(Date.now() + timeoutMs);
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (!isDone) await this.#keep(() => this.#queue.add(this.#cut()));
    process.off("exit", this.#onExit);
    return isDone;
  }

  /** Samples now and then; a sample goes with the next row, or alone when there is none until the next sample. */
  #watchSystem(everyMs: number): NodeJS.Timeout | null {
    if (!(everyMs > 0)) return null;
    const figures = new SystemFigures();
    const timer = setInterval(() => {
      void this.#keep(async () => {
        const values = await figures.sample();
        if (this.#hasEnded) return;
        if (this.#systemValues !== null) {
          this.#rows.push({ step: Math.max(0, this.#lastStep), time: Date.now(), values: this.#systemValues });
          this.#schedule();
        }
        this.#systemValues = values;
      });
    }, everyMs);
    timer.unref();
    return timer;
  }

  async #untilSent(deadline: number): Promise<boolean> {
    for (;;) {
      await this.#pump();
      if (this.#parcels.length === 0 && this.#queue.isEmpty) return true;
      const waitMs = Math.min(this.#retryMs, deadline - Date.now());
      if (waitMs <= 0) return false;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  #schedule(): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        void this.#pump();
      },
      Math.max(GATHER_MS, this.#retryMs),
    );
    // A program that has nothing else to do may end; what is left goes to disk then.
    this.#timer.unref();
  }

  /** Everything that is in memory, as parcels. */
  #cut(): Parcel[] {
    const parcels = [...this.#parcels, ...this.#cutRows()];
    this.#parcels = [];
    return parcels;
  }

  #cutRows(): Parcel[] {
    const rows = this.#rows;
    this.#rows = [];
    const parcels: Parcel[] = [];
    for (let at = 0; at < rows.length; at += ROWS_PER_PARCEL) {
      const { steps, times, values, ignored } = toColumns(rows.slice(at, at + ROWS_PER_PARCEL));
      if (ignored.size > 0) this.#problem(`values that are no numbers are left out: ${[...ignored].slice(0, 5).join(", ")}`);
      if (steps.length === 0) continue;
      parcels.push({ path: "points", body: { producer: this.#producer, sequence: this.#nextNumber, steps, times, values } });
      this.#nextNumber += steps.length;
    }
    return parcels;
  }

  #pump(): Promise<void> {
    this.#work ??= this.#keep(() => this.#deliver()).finally(() => {
      this.#work = null;
      if (this.#rows.length > 0 || this.#parcels.length > 0 || !this.#queue.isEmpty) this.#schedule();
    });
    return this.#work;
  }

  /** Sends the queue first, then what is in memory; what cannot be sent goes to the end of the queue. */
  async #deliver(): Promise<void> {
    if (!this.#queue.isEmpty) {
      this.#inFlight = this.#cut();
      await this.#queue.add(this.#inFlight);
      this.#inFlight = [];
      for (const parcel of await this.#queue.parcels()) if (!(await this.#send(parcel))) return;
      this.#queue.remove();
    }
    const parcels = this.#cut();
    for (let i = 0; i < parcels.length; i++) {
      this.#inFlight = parcels.slice(i);
      if (await this.#send(parcels[i]!)) continue;
      await this.#queue.add(parcels.slice(i));
      this.#inFlight = [];
      return;
    }
    this.#inFlight = [];
  }

  /** Whether the parcel is off our hands: stored, or refused for good. */
  async #send(parcel: Parcel): Promise<boolean> {
    const delivery = await this.#sender.send(parcel);
    this.#note(delivery);
    if (delivery.type === "refused") this.#problem(`the server refuses ${parcel.path}: ${delivery.why}`);
    return delivery.type !== "away";
  }

  #note(delivery: Delivery): void {
    if (delivery.type === "away") {
      this.#retryMs = Math.min(RETRY_MAX_MS, Math.max(RETRY_MIN_MS, this.#retryMs * 2));
      this.#problem(`the server is away or takes no points (${delivery.why}); they wait on disk`);
      return;
    }
    this.#retryMs = 0;
    this.#sentAt = Date.now();
    if (delivery.type === "delivered" && delivery.state === "stopping") this.shouldStop = true;
  }

  async #maybeBeat(): Promise<void> {
    if (this.#work !== null || Date.now() - this.#sentAt < BEAT_MS / 2) return;
    const delivery = await this.#sender.send({ path: "beat" });
    if (delivery.type === "delivered") this.#note(delivery);
  }

  /** Runs what touches the disk or the net; a fault becomes a problem, not an exception. */
  async #keep(work: () => void | Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#problem(`points could not be kept: ${String(error)}`);
    }
  }

  #problem(message: string): void {
    const kind = message.slice(0, 30);
    const now = Date.now();
    if (now - (this.#problems.get(kind) ?? 0) < PROBLEM_EVERY_MS) return;
    this.#problems.set(kind, now);
    try {
      this.#onProblem(message);
    } catch {
      // Whoever is told must not break the training.
    }
  }
}
