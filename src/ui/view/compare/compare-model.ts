import type { JobComparison, JobSummary, TrainReportSlice } from "../../../client/index.ts";
import { isSmallerBetter, metricTitle } from "../../app/words.ts";
import { formatMetric } from "../../kit/format.ts";

export type Metric = JobComparison["metrics"][number];
export type Difference = NonNullable<Metric["differences"][number]>;

export const MOST_JOBS = 8;

/** A short name per job: what tells them apart, with a number where nothing else does. Pure. */
export function shortNames(jobs: readonly Pick<JobSummary, "algorithm" | "data_name">[]): readonly string[] {
  const severalTables = new Set(jobs.map((job) => job.data_name)).size > 1;
  const names = jobs.map((job) => (severalTables ? `${job.algorithm} on ${job.data_name}` : job.algorithm));
  const seen = new Map<string, number>();
  return names.map((name) => {
    const nth = (seen.get(name) ?? 0) + 1;
    seen.set(name, nth);
    return nth === 1 ? name : `${name} (${nth})`;
  });
}

export interface Setting {
  readonly path: string;
  /** One per job; `–` where a job has no such setting. */
  readonly values: readonly string[];
  readonly differs: boolean;
}

/** Everything the jobs were asked, by path; rows, features and time with it. Those that differ come first. Pure. */
export function settingsOf(reports: readonly TrainReportSlice[]): readonly Setting[] {
  const flat = reports.map((report) => {
    const values = new Map<string, string>();
    values.set("rows", String(report.rows));
    values.set("features", `${report.features.length}: ${report.features.join(", ")}`);
    const { features: _, ...config } = report.config as Record<string, unknown>;
    flatten("", config, values);
    return values;
  });
  const paths = [...new Set(flat.flatMap((values) => [...values.keys()]))];
  const settings = paths.map((path) => {
    const values = flat.map((one) => one.get(path) ?? "–");
    return { path, values, differs: new Set(values).size > 1 };
  });
  return [...settings.filter((setting) => setting.differs), ...settings.filter((setting) => !setting.differs)];
}

function flatten(path: string, value: unknown, into: Map<string, string>): void {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const record = value as Record<string, unknown>;
    if (Array.isArray(record.candidates)) into.set(path, `tuned: ${record.candidates.join(", ")}`);
    else for (const [key, part] of Object.entries(record)) flatten(path === "" ? key : `${path}.${key}`, part, into);
    return;
  }
  if (value === null || value === undefined) return;
  into.set(path, Array.isArray(value) ? value.join(", ") : typeof value === "boolean" ? (value ? "yes" : "no") : String(value));
}

/** Whether the folds tell a job from the baseline, in one sentence. `pairs`: comparisons that p was corrected for. Pure. */
export function verdict(metric: Metric, difference: Difference, name: string, baseline: string, pairs: number): string {
  const what = metricTitle(metric.name);
  const corrected = pairs > 1 ? `, corrected for ${pairs} comparisons` : "";
  if (!(difference.p_adjusted < 0.05)) {
    return `These ${difference.folds} folds do not show that ${name} and ${baseline} differ in ${what} (p ${pText(difference.p_adjusted)}${corrected}).`;
  }
  const isBetter = difference.mean > 0 === !isSmallerBetter(metric.name);
  return `${name} is ${isBetter ? "better" : "worse"} than ${baseline} in ${what} by ${formatMetric(Math.abs(difference.mean))} (p ${pText(difference.p_adjusted)}${corrected}).`;
}

export function pText(p: number): string {
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}

/** With its sign: a difference of 0.01 is `+0.010`. */
export function signed(value: number, digits: number): string {
  return `${value > 0 ? "+" : ""}${formatMetric(value, digits)}`;
}

export interface ImportanceRow {
  readonly variable: string;
  /** Per job: share of the job's largest, in [0, 1]; null where the job has no such variable. */
  readonly shares: readonly (number | null)[];
}

/** Variables by their mean share over the jobs, largest first. Measures differ between algorithms, so each job's largest is 1. Pure. */
export function importanceRows(reports: readonly TrainReportSlice[]): readonly ImportanceRow[] {
  const tables = reports.map((report) => {
    const entries = report.importance?.variables ?? [];
    const largest = Math.max(0, ...entries.map((entry) => Math.abs(entry.mean)));
    return new Map(entries.map((entry) => [entry.variable, largest === 0 ? 0 : Math.abs(entry.mean) / largest]));
  });
  const variables = [...new Set(tables.flatMap((table) => [...table.keys()]))];
  const sum = (row: ImportanceRow): number => row.shares.reduce<number>((total, share) => total + (share ?? 0), 0);
  return variables
    .map((variable) => ({ variable, shares: tables.map((table) => table.get(variable) ?? null) }))
    .sort((a, b) => sum(b) - sum(a));
}
