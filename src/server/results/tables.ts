import { categoricalColumn, numericColumn, type Table } from "../../engine/table.ts";
import type { TrainResult } from "../../engine/train/result.ts";
import type { JobHistory } from "../../wire/live/messages.ts";
import { KIND_COLORS } from "./kind-colors.ts";

/** `split`, `class`, `fold`, `fpr`, `tpr`, `auc`: one row per vertex (R-139). */
export function rocTable(result: TrainResult): Table {
  const split: string[] = [];
  const level: string[] = [];
  const fold: string[] = [];
  const fpr: number[] = [];
  const tpr: number[] = [];
  const auc: number[] = [];
  for (const curve of result.roc) {
    for (let i = 0; i < curve.fpr.length; i++) {
      split.push(curve.split);
      level.push(curve.class);
      fold.push(curve.fold);
      fpr.push(curve.fpr[i]!);
      tpr.push(curve.tpr[i]!);
      auc.push(curve.auc ?? Number.NaN);
    }
  }
  return table(split.length, [
    categoricalColumn("split", split),
    categoricalColumn("class", level),
    categoricalColumn("fold", fold),
    numericColumn("fpr", fpr),
    numericColumn("tpr", tpr),
    numericColumn("auc", auc),
  ]);
}

/**
 * Precision against recall of the pooled curves: `split`, `class`, `fold`, `recall`, `precision`, `average` (the area under the steps, once per
 * row) and `share` of the class, which guessing reaches. From the ROC curve, which holds the same counts: with a share π, precision is
 * π·TPR / (π·TPR + (1 − π)·FPR) (Davis & Goadrich 2006, doi:10.1145/1143844.1143874). Points where nothing is called positive are left out.
 */
export function prTable(result: TrainResult): Table {
  const split: string[] = [];
  const level: string[] = [];
  const fold: string[] = [];
  const numbers = { recall: [] as number[], precision: [] as number[], average: [] as number[], share: [] as number[] };
  const { classes, counts } = result.confusion ?? { classes: [], counts: [] };
  const sizes = counts.map((row) => row.reduce((sum, count) => sum + count, 0));
  const rows = sizes.reduce((sum, count) => sum + count, 0);
  // The confusion matrix counts the rows of these curves: those held out, or of training where there are no others.
  const counted = result.metrics.test === null ? "training" : "test";
  for (const curve of result.roc) {
    const share = (sizes[classes.indexOf(curve.class)] ?? 0) / rows;
    if (curve.fold !== "aggregate" || curve.split !== counted || !(share > 0 && share < 1)) continue;
    const points = curve.tpr
      .map((tpr, i) => ({ tpr, called: share * tpr + (1 - share) * curve.fpr[i]! }))
      .filter(({ called }) => called > 0);
    const precisions = points.map(({ tpr, called }) => (share * tpr) / called);
    const average = points.reduce((sum, { tpr }, i) => sum + (tpr - (points[i - 1]?.tpr ?? 0)) * precisions[i]!, 0);
    for (const [i, { tpr }] of points.entries()) {
      split.push(curve.split);
      level.push(curve.class);
      fold.push(curve.fold);
      numbers.recall.push(tpr);
      numbers.precision.push(precisions[i]!);
      numbers.average.push(average);
      numbers.share.push(share);
    }
  }
  const labels = [categoricalColumn("split", split), categoricalColumn("class", level), categoricalColumn("fold", fold)];
  return table(split.length, [...labels, ...Object.entries(numbers).map(([name, values]) => numericColumn(name, values))]);
}

/** One row per variable and fold: `variable`, `fold` (resampled jobs), and the measure under its own name (R-134). */
export function varimpTable(result: TrainResult): Table {
  const { importance } = result;
  if (importance === null) return table(0, []);
  const labels = result.folds.filter((fold) => fold.error === null).map((fold) => fold.label);
  const isResampled = result.resampling !== null;
  const rows = importance.variables.flatMap(({ variable, mean, folds }) =>
    isResampled ? folds.map((value, i) => ({ variable, fold: labels[i] ?? String(i + 1), value })) : [{ variable, fold: "", value: mean }],
  );
  return table(rows.length, [
    categoricalColumn(
      "variable",
      rows.map((row) => row.variable),
    ),
    ...(isResampled
      ? [
          categoricalColumn(
            "fold",
            rows.map((row) => row.fold),
          ),
        ]
      : []),
    numericColumn(
      importance.measure,
      rows.map((row) => row.value),
    ),
  ]);
}

/** `variable`, `measure`, `mean`, `sd`, most important first. */
export function importanceTable(result: TrainResult): Table {
  const variables = result.importance?.variables ?? [];
  if (variables.length === 0) return table(0, []);
  return table(variables.length, [
    categoricalColumn(
      "variable",
      variables.map((entry) => entry.variable),
    ),
    categoricalColumn(
      "measure",
      variables.map(() => result.importance?.measure ?? ""),
    ),
    numericColumn(
      "mean",
      variables.map((entry) => entry.mean),
    ),
    numericColumn(
      "sd",
      variables.map((entry) => sampleDeviation(entry.folds)),
    ),
  ]);
}

/** `class`, `mean_predicted`, `observed`, `low`, `high`, `n`: one row per bin. */
export function calibrationTable(result: TrainResult): Table {
  const bins = result.calibration.flatMap((curve) => curve.bins.map((bin) => ({ ...bin, class: curve.class })));
  if (bins.length === 0) return table(0, []);
  return table(bins.length, [
    categoricalColumn(
      "class",
      bins.map((bin) => bin.class),
    ),
    ...(["mean_predicted", "observed", "low", "high"] as const).map((name) =>
      numericColumn(
        name,
        bins.map((bin) => bin[name]),
      ),
    ),
    numericColumn(
      "n",
      bins.map((bin) => bin.n),
      "integer",
    ),
  ]);
}

/** `series`, `fold`, `split`, `measure`, `step`, `value`: every point of the live curves. */
export function learningCurvesTable(history: JobHistory): Table {
  const points = history.series.flatMap((curve) => curve.step.map((step, i) => ({ curve, step, value: curve.value[i] ?? Number.NaN })));
  if (points.length === 0) return table(0, []);
  return table(points.length, [
    categoricalColumn(
      "series",
      points.map((point) => point.curve.series),
    ),
    numericColumn(
      "fold",
      points.map((point) => point.curve.fold),
      "integer",
    ),
    categoricalColumn(
      "split",
      points.map((point) => point.curve.split),
    ),
    categoricalColumn(
      "measure",
      points.map((point) => point.curve.measure),
    ),
    numericColumn(
      "step",
      points.map((point) => point.step),
      "integer",
    ),
    numericColumn(
      "value",
      points.map((point) => point.value),
    ),
  ]);
}

interface TreeNode {
  readonly node_id: string;
  readonly parent_id: string | null;
  readonly kind: string;
  readonly label: string | null;
  readonly status: string;
  readonly message: string;
  readonly started_at: number;
  readonly ended_at: number | null;
}

/** Colours of node kinds that occur, for the pointer of the `session` slice. */
export function colorsOf(history: JobHistory): Readonly<Record<string, string>> {
  const kinds = new Set(nodesOf(history).map((node) => node.kind));
  return Object.fromEntries([...kinds].map((kind) => [kind, KIND_COLORS[kind] ?? "#808080"]));
}

/** The run as rows, depth first (R-135): `label`, `start`, `end` (ms from the beginning), `kind`, `status`, `failed`, `tip`. */
export function sessionTable(history: JobHistory): Table {
  const nodes = nodesOf(history);
  const children = new Map<string | null, TreeNode[]>();
  const ids = new Set(nodes.map((node) => node.node_id));
  for (const node of nodes) {
    const parent = node.parent_id !== null && ids.has(node.parent_id) ? node.parent_id : null;
    children.set(parent, [...(children.get(parent) ?? []), node]);
  }
  const began = Math.min(...nodes.map((node) => node.started_at));
  const rows: { node: TreeNode; label: string }[] = [];
  const seen = new Map<string, number>();
  const visit = (parent: string | null, depth: number): void => {
    for (const node of children.get(parent) ?? []) {
      const plain = `${"  ".repeat(depth)}${node.kind}${node.label === null ? "" : ` ${node.label}`}`;
      const count = (seen.get(plain) ?? 0) + 1;
      seen.set(plain, count);
      rows.push({ node, label: count === 1 ? plain : `${plain} #${count}` });
      visit(node.node_id, depth + 1);
    }
  };
  visit(null, 0);
  const status = rows.map(({ node }) => statusOf(node));
  return table(rows.length, [
    categoricalColumn(
      "label",
      rows.map((row) => row.label),
    ),
    numericColumn(
      "start",
      rows.map(({ node }) => node.started_at - began),
    ),
    numericColumn(
      "end",
      rows.map(({ node }) => Math.max(node.started_at, node.ended_at ?? node.started_at) - began),
    ),
    categoricalColumn(
      "kind",
      rows.map(({ node }) => node.kind),
    ),
    categoricalColumn("status", status),
    numericColumn(
      "failed",
      status.map((value) => (value === "error" || value === "aborted" ? 1 : 0)),
      "logical",
    ),
    categoricalColumn(
      "tip",
      rows.map(({ node }) => node.message),
    ),
  ]);
}

function statusOf(node: TreeNode): string {
  if (node.status === "done") return "ok";
  return node.status === "error" || node.status === "aborted" ? node.status : "running";
}

function nodesOf(history: JobHistory): readonly TreeNode[] {
  // The log holds what `NodeReport` says; it was written by this server.
  return history.nodes as unknown as readonly TreeNode[];
}

function sampleDeviation(values: readonly number[]): number {
  if (values.length < 2) return Number.NaN;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

function table(rows: number, columns: Table["columns"]): Table {
  return { rows, columns };
}
