import { type ClientListener, LinkLostError, LiveClient, RemoteError, type SessionChange, type SessionEvent } from "../../client/index.ts";
import { messageOf } from "../../core/errors.ts";
import { announce, toast } from "../kit/index.ts";
import { isCommon, type State } from "../store/state.ts";
import type { Store } from "../store/store.ts";
import { paths, route } from "./router.ts";
import { rememberedSession, rememberSession } from "./settings.ts";
import { keepToken } from "./token.ts";
import { jobName } from "./words.ts";

/** Connects the client to the store. The only place that listens to the client; views call its methods and read the store. */
export class App {
  readonly store: Store;
  readonly client: LiveClient;
  #token: string;
  #entering = false;
  #lostAt: number | null = null;

  constructor(store: Store, url: string, token: string) {
    this.store = store;
    this.#token = token;
    this.client = new LiveClient({ url, token });
    this.client.listen(this.#listener());
  }

  start(): void {
    this.client.connect().catch(() => {
      // The state says why; the page shows it.
    });
    const wake = (): void => this.client.wake();
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") wake();
    });
    addEventListener("pageshow", (event) => {
      if (event.persisted) wake();
    });
    addEventListener("online", wake);
    document.addEventListener("resume", wake);
  }

  /** After a refusal, with a token that a person has typed. */
  tryToken(token: string): void {
    this.#token = token;
    keepToken(token, sessionStorage, localStorage);
    this.client.reconnectWith(token).catch(() => {});
  }

  /** What the server asks every request for. */
  get token(): string {
    return this.#token;
  }

  get state(): State {
    return this.store.state.peek();
  }

  /** Fetches something once and keeps it under `key`. Nothing happens while it is there or on its way. */
  pull(key: string, fetch: () => Promise<unknown>): void {
    const known = this.state.pulled[key];
    if (known !== undefined && known.at !== "failed") return;
    const sessionId = this.state.session?.session_id;
    this.store.dispatch({ type: "pulled.asked", key });
    const isWanted = (): boolean => (isCommon(key) || this.state.session?.session_id === sessionId) && this.state.pulled[key] !== undefined;
    fetch().then(
      (value) => {
        if (isWanted()) this.store.dispatch({ type: "pulled", key, value });
      },
      (error: unknown) => {
        if (isWanted())
          this.store.dispatch({ type: "pulled.failed", key, message: messageOf(error), stale: error instanceof LinkLostError });
      },
    );
  }

  /** Resolves once there is a session: the page shows what can be pressed a moment before that. */
  inSession(): Promise<void> {
    if (this.state.session !== null) return Promise.resolve();
    return new Promise((resolve) => {
      const stop = this.store.state.subscribe((state) => {
        if (state.session === null) return;
        resolve();
        queueMicrotask(() => stop());
      });
    });
  }

  /** Gets what happened in a job so far; what happens next follows by itself. */
  openJob(jobId: string): void {
    if (this.state.live[jobId] !== undefined) return;
    this.#askHistory(jobId);
  }

  /** Leaves a deleted or foreign session for a new one. */
  async newSession(name?: string): Promise<void> {
    await this.client.createSession(name);
  }

  async switchSession(sessionId: string): Promise<void> {
    await this.client.joinSession({ session_id: sessionId });
  }

  #askHistory(jobId: string): void {
    this.store.dispatch({ type: "history.asked", jobId });
    this.client.call("job.history", { job_id: jobId }).then(
      (history) => this.store.dispatch({ type: "history", history }),
      (error: unknown) => {
        this.store.dispatch({ type: "history.failed", jobId });
        if (!(error instanceof LinkLostError) && !(error instanceof RemoteError && error.wireCode === "not_found"))
          toast(messageOf(error), "bad");
      },
    );
  }

  #listener(): ClientListener {
    return {
      state: (state) => {
        const now = Date.now();
        if (state.at === "waiting" && this.#lostAt === null && this.state.session !== null) this.#lostAt = state.downSince;
        this.store.dispatch({ type: "link", state, at: now });
        if (state.at !== "live") return;
        if (this.#lostAt !== null && now - this.#lostAt >= 2_000)
          toast(`Back. ${Math.round((now - this.#lostAt) / 1000)} s caught up.`, "ok");
        this.#lostAt = null;
        if (this.client.session === null && !this.state.sessionGone) void this.#enterSession();
      },
      session: (session, change) => this.#onSession(session, change),
      event: (event) => this.#onEvent(event),
      resync: () => {
        for (const jobId of Object.keys(this.state.live)) this.#askHistory(jobId);
      },
    };
  }

  /** Joins the session that this browser was in, or makes one: a newcomer never meets the word. */
  async #enterSession(): Promise<void> {
    if (this.#entering) return;
    this.#entering = true;
    try {
      const remembered = rememberedSession();
      if (remembered !== null) {
        try {
          await this.client.joinSession({ session_id: remembered });
          return;
        } catch (error) {
          if (!(error instanceof RemoteError) || error.wireCode !== "session_not_found") throw error;
        }
      }
      await this.#createOrBorrow();
    } catch (error) {
      if (!(error instanceof LinkLostError)) toast(`No session: ${messageOf(error)}`, "bad");
    } finally {
      this.#entering = false;
    }
  }

  /** A new session; where the server has room for none, the one that was left longest ago. */
  async #createOrBorrow(): Promise<void> {
    try {
      await this.client.createSession();
    } catch (error) {
      if (!(error instanceof RemoteError) || error.wireCode !== "too_many") throw error;
      const { sessions } = await this.client.call("session.list", {});
      const free = sessions.filter((other) => other.n_connections === 0).sort((a, b) => a.last_seen.localeCompare(b.last_seen))[0];
      if (free === undefined) throw error;
      await this.client.joinSession({ session_id: free.session_id });
      toast(`The server has room for no more sessions, so this is ${free.name}. Change it in the session menu.`, "warn");
    }
  }

  #onSession(session: State["session"], change: SessionChange): void {
    if (change === "left") return;
    this.store.dispatch({ type: "session", session, gone: change === "gone" });
    if (session === null) return;
    rememberSession(session.session_id);
    void this.#fetchLists();
  }

  async #fetchLists(): Promise<void> {
    try {
      const [jobs, data, info] = await Promise.all([
        this.client.call("job.list", {}),
        this.client.call("data.list", {}),
        this.client.call("info", {}),
      ]);
      this.store.dispatch({ type: "jobs", jobs: jobs.jobs });
      this.store.dispatch({ type: "data", handles: data.handles });
      this.store.dispatch({ type: "info", info });
    } catch (error) {
      if (!(error instanceof LinkLostError)) toast(messageOf(error), "bad");
    }
  }

  #onEvent(event: SessionEvent): void {
    this.store.event(event);
    const jobId = (event.data as { job_id?: string } | null)?.job_id;
    if (jobId === undefined || !/^job\.(complete|failed|interrupted)$/.test(event.event)) return;
    this.store.flush();
    const job = this.state.jobs?.find((other) => other.job_id === jobId);
    if (job === undefined) return;
    const shown = route.peek();
    const isShown = shown.view === "job" && shown.id === jobId;
    const text = `${jobName(job)} ${event.event === "job.complete" ? "is done" : event.event === "job.failed" ? "has failed" : "was interrupted"}.`;
    if (isShown) announce(text);
    else toast(text, event.event === "job.complete" ? "ok" : "bad");
  }
}

/** Where a finished job is looked at. */
export function jobPath(jobId: string): string {
  return paths.job(jobId);
}
