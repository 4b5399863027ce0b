import type { JobHistory, JobProgress, ProgressNode, SessionEvent } from "../../client/index.ts";
import type { LiveJob, LogLine } from "./state.ts";

/** Older lines fall off; the server keeps them all. */
export const LOG_LIMIT = 5_000;

export const NOT_OPENED: LiveJob = { at: "asked", seq: 0, nodes: new Map(), log: [], held: [] };

/** A job as its history tells it. */
export function historyOf(history: JobHistory): LiveJob {
  const nodes = new Map<string, ProgressNode>();
  for (const node of history.nodes as readonly unknown[] as readonly ProgressNode[]) nodes.set(node.node_id, node);
  return { at: "live", seq: history.seq, nodes, log: history.log.slice(-LOG_LIMIT), held: [] };
}

/** Continues a job with events; those that its history already contains change nothing. Copies once per call, not per event. */
export function foldJobEvents(job: LiveJob, events: readonly SessionEvent[]): LiveJob {
  let nodes: Map<string, ProgressNode> | null = null;
  let log: LogLine[] | null = null;
  let { seq } = job;
  for (const event of events) {
    if (event.seq !== null && event.seq <= seq) continue;
    if (event.seq !== null) seq = event.seq;
    if (event.event !== "job.progress") continue;
    const report = event.data as JobProgress;
    if (report.node_id === undefined) {
      log ??= [...job.log];
      log.push({ at: reportTime(report), level: report.level ?? "info", message: report.message });
    } else {
      nodes ??= new Map(job.nodes);
      nodes.set(report.node_id, mergedNode(nodes.get(report.node_id), report as JobProgress & ProgressNode));
    }
  }
  if (seq === job.seq && nodes === null && log === null) return job;
  return { ...job, seq, nodes: nodes ?? job.nodes, log: log?.slice(-LOG_LIMIT) ?? job.log };
}

/** The latest report wins; what it leaves out (a metric, the time of start) stays from before. */
function mergedNode(before: ProgressNode | undefined, report: JobProgress & ProgressNode): ProgressNode {
  const { job_id: _job, stage: _stage, ts: _ts, level: _level, ...node } = report;
  return before === undefined ? node : { ...before, ...node };
}

function reportTime(report: JobProgress): number {
  if (typeof report.at === "number") return report.at;
  const parsed = Date.parse(report.ts ?? "");
  return Number.isNaN(parsed) ? 0 : parsed;
}
