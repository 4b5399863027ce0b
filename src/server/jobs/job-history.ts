import type { JobHistory } from "../../wire/live/messages.ts";
import type { SessionEvent } from "../events.ts";

type Node = Readonly<Record<string, unknown>>;
interface Points {
  readonly series: string;
  readonly node_id: string;
  readonly fold: number;
  readonly split: string;
  readonly measure: string;
  readonly step: readonly number[];
  readonly value: readonly (number | null)[];
}

/**
 * A job's whole log as one document: the latest report of every node in order of first appearance, every curve as columns,
 * and the lines of text. Events with a larger `seq` continue it.
 */
export function foldHistory(jobId: string, seq: number, log: readonly (SessionEvent & { readonly at: number })[]): JobHistory {
  const nodes = new Map<string, Node>();
  const series = new Map<string, Omit<Points, "step" | "value"> & { step: number[]; value: (number | null)[] }>();
  const lines: { at: number; level: string; message: string }[] = [];
  for (const entry of log) {
    if (entry.event === "job.progress") foldReport(entry.data as Node, entry.at, nodes, lines);
    else if (entry.event === "job.points") {
      for (const points of (entry.data as { points: readonly Points[] }).points) {
        const key = `${points.series}\n${points.node_id}\n${points.split}\n${points.measure}`;
        const known = series.get(key);
        if (known === undefined) series.set(key, { ...curveHead(points), step: [...points.step], value: [...points.value] });
        else {
          known.step.push(...points.step);
          known.value.push(...points.value);
        }
      }
    }
  }
  return { job_id: jobId, seq, nodes: [...nodes.values()], series: [...series.values()], log: lines };
}

function foldReport(data: Node, at: number, nodes: Map<string, Node>, lines: { at: number; level: string; message: string }[]): void {
  const { node_id: nodeId } = data;
  if (typeof nodeId === "string") {
    const { job_id: _job, stage: _stage, ts: _ts, level: _level, session_id: _run, ...report } = data;
    nodes.set(nodeId, { type: "node", ...report });
  } else if (data.message !== "") {
    lines.push({ at: typeof data.at === "number" ? data.at : at, level: String(data.level ?? "info"), message: String(data.message) });
  }
}

function curveHead({ series, node_id, fold, split, measure }: Points): Omit<Points, "step" | "value"> {
  return { series, node_id, fold, split, measure };
}
