import type { HandleSummary, JobSummary, SessionEvent, SessionEvents } from "../../client/index.ts";
import { foldJobEvents, historyOf, NOT_OPENED } from "./live-job.ts";
import { INITIAL_STATE, isCommon, isFinal, type LiveJob, type Message, type State } from "./state.ts";

/** The next state. Pure: no clock, no randomness, nothing is modified; untouched parts keep their identity. */
export function reduce(state: State, message: Message): State {
  switch (message.type) {
    case "link":
      return {
        ...state,
        link: message.state,
        liveAt: message.state.at === "live" || state.link.at === "live" ? message.at : state.liveAt,
      };
    case "session":
      return withSession(state, message);
    case "events":
      return withEvents(state, message.events);
    case "info":
      return { ...state, info: message.info, daemons: message.info.daemons };
    case "data":
      return { ...state, data: message.handles };
    case "jobs":
      return { ...state, jobs: newestFirst(message.jobs) };
    case "history.asked":
      return withLive(state, message.jobId, { ...(state.live[message.jobId] ?? NOT_OPENED), at: "asked" });
    case "history.failed":
      return { ...state, live: without(state.live, message.jobId) };
    case "history": {
      const held = state.live[message.history.job_id]?.held ?? [];
      return withLive(state, message.history.job_id, foldJobEvents(historyOf(message.history), held));
    }
    case "pulled.asked":
      return withPulled(state, message.key, { at: "loading" });
    case "pulled":
      return withPulled(state, message.key, { at: "ready", value: message.value });
    case "pulled.failed":
      return withPulled(state, message.key, { at: "failed", message: message.message, stale: message.stale });
    case "pulled.forgotten":
      return { ...state, pulled: Object.fromEntries(Object.entries(state.pulled).filter(([key]) => !key.startsWith(message.prefix))) };
    case "upload": {
      const known = state.uploads.some((upload) => upload.id === message.upload.id);
      const uploads = known
        ? state.uploads.map((upload) => (upload.id === message.upload.id ? message.upload : upload))
        : [...state.uploads, message.upload];
      return { ...state, uploads };
    }
    case "upload.ended":
      return { ...state, uploads: state.uploads.filter((upload) => upload.id !== message.id) };
  }
}

function withSession(state: State, message: Message & { type: "session" }): State {
  const isSame = message.session !== null && message.session.session_id === state.session?.session_id;
  if (isSame) return { ...state, session: message.session, sessionGone: false };
  // Another session: nothing of the old one may show. What the server offers to every session stays.
  const common = Object.fromEntries(Object.entries(state.pulled).filter(([key]) => isCommon(key)));
  return {
    ...INITIAL_STATE,
    link: state.link,
    liveAt: state.liveAt,
    info: state.info,
    daemons: state.daemons,
    pulled: common,
    session: message.session,
    sessionGone: message.gone,
  };
}

function withEvents(state: State, events: readonly SessionEvent[]): State {
  let next = state;
  const byJob = new Map<string, SessionEvent[]>();
  for (const event of events) {
    next = withEvent(next, event);
    const jobId = (event.data as { job_id?: string } | null)?.job_id;
    if (jobId === undefined || next.live[jobId] === undefined) continue;
    const list = byJob.get(jobId);
    if (list === undefined) byJob.set(jobId, [event]);
    else list.push(event);
  }
  for (const [jobId, jobEvents] of byJob) {
    const live = next.live[jobId];
    if (live === undefined) continue;
    const folded: LiveJob = live.at === "asked" ? { ...live, held: [...live.held, ...jobEvents] } : foldJobEvents(live, jobEvents);
    if (folded !== live) next = withLive(next, jobId, folded);
  }
  return next;
}

/** One event's effect on everything but the opened jobs. */
function withEvent(state: State, { event, data }: SessionEvent): State {
  switch (event as keyof SessionEvents) {
    case "heartbeat": {
      const { daemon_count } = data as SessionEvents["heartbeat"];
      return daemon_count === state.daemons ? state : { ...state, daemons: daemon_count };
    }
    case "job.submitted":
      return withJob(state, (data as SessionEvents["job.submitted"]).summary);
    case "job.started": {
      const { job_id, started_at } = data as SessionEvents["job.started"];
      return changeJob(state, job_id, (job) =>
        isFinal(job.status) ? job : { ...withoutPosition(job), status: job.status === "cancelling" ? "cancelling" : "running", started_at },
      );
    }
    case "job.progress":
      return withProgress(state, data as SessionEvents["job.progress"]);
    case "job.complete":
      return withJob(state, (data as SessionEvents["job.complete"]).summary);
    case "job.failed":
    case "job.interrupted": {
      const { job_id, summary, error } = data as SessionEvents["job.failed"];
      const status = event === "job.failed" ? "failed" : "interrupted";
      return summary ? withJob(state, summary) : changeJob(state, job_id, (job) => ({ ...withoutPosition(job), status, error }));
    }
    case "job.cancelled": {
      const { job_id, summary } = data as SessionEvents["job.cancelled"];
      return summary ? withJob(state, summary) : changeJob(state, job_id, (job) => ({ ...withoutPosition(job), status: "cancelled" }));
    }
    case "job.deleted": {
      const { job_id } = data as SessionEvents["job.deleted"];
      const jobs = state.jobs?.filter((job) => job.job_id !== job_id) ?? null;
      return { ...state, jobs, live: without(state.live, job_id) };
    }
    case "data.added":
      return withHandle(state, data as HandleSummary);
    case "data.removed": {
      const { data_handle } = data as SessionEvents["data.removed"];
      return withoutPulled({ ...state, data: state.data?.filter((handle) => handle.data_handle !== data_handle) ?? null }, data_handle);
    }
    case "session.renamed": {
      const { name } = data as SessionEvents["session.renamed"];
      return state.session === null ? state : { ...state, session: { ...state.session, name } };
    }
    default:
      return state;
  }
}

function withProgress(state: State, report: SessionEvents["job.progress"]): State {
  return changeJob(state, report.job_id, (job) => {
    if (isFinal(job.status)) return job;
    const isOutermost = typeof report.fraction === "number";
    return {
      ...job,
      stage: report.stage ?? job.stage,
      last_message: report.message || job.last_message,
      // It may pause, never go back.
      fraction: isOutermost ? Math.max(job.fraction ?? 0, report.fraction ?? 0) : job.fraction,
      remaining_seconds: report.remaining_seconds === undefined ? job.remaining_seconds : report.remaining_seconds,
    };
  });
}

/** A job's new summary, in its place or at the top. A finished job never becomes unfinished again. */
function withJob(state: State, summary: JobSummary): State {
  const jobs = state.jobs ?? [];
  const known = jobs.find((job) => job.job_id === summary.job_id);
  if (known === undefined) return { ...state, jobs: newestFirst([summary, ...jobs]) };
  if (isFinal(known.status) && !isFinal(summary.status)) return state;
  return changeJob(state, summary.job_id, () => summary);
}

function changeJob(state: State, jobId: string, change: (job: JobSummary) => JobSummary): State {
  const at = state.jobs?.findIndex((job) => job.job_id === jobId) ?? -1;
  const before = state.jobs?.[at];
  if (before === undefined || state.jobs === null) return state;
  const after = change(before);
  return after === before ? state : { ...state, jobs: state.jobs.with(at, after) };
}

function withHandle(state: State, handle: HandleSummary): State {
  const data = state.data ?? [];
  const at = data.findIndex((known) => known.data_handle === handle.data_handle);
  if (at < 0) return { ...state, data: [...data, handle] };
  return withoutPulled({ ...state, data: data.with(at, handle) }, handle.data_handle);
}

/** Forgets what was fetched about a data set: its types or name are others now. */
function withoutPulled(state: State, handle: string): State {
  const kept = Object.entries(state.pulled).filter(([key]) => !key.split(":").includes(handle));
  return { ...state, pulled: Object.fromEntries(kept) };
}

function withLive(state: State, jobId: string, live: LiveJob): State {
  return { ...state, live: { ...state.live, [jobId]: live } };
}

function withPulled(state: State, key: string, pulled: State["pulled"][string]): State {
  return { ...state, pulled: { ...state.pulled, [key]: pulled } };
}

function withoutPosition(job: JobSummary): JobSummary {
  const { queue_position: _, ...rest } = job;
  return rest;
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  if (!(key in record)) return record;
  const { [key]: _, ...rest } = record;
  return rest;
}

/** By time of submission; identifiers say nothing about order. */
function newestFirst(jobs: readonly JobSummary[]): readonly JobSummary[] {
  return [...jobs].sort((a, b) => b.submitted_at.localeCompare(a.submitted_at));
}
