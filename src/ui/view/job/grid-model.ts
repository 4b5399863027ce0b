import type { ProgressNode } from "../../../client/index.ts";

export type CellState = "queued" | "running" | "done" | "error" | "aborted";

export interface GridCell {
  /** 1-based. */
  readonly cell: number;
  readonly label: string;
  readonly state: CellState;
  readonly metric: number | null;
  readonly seconds: number | null;
}

export interface FoldRow {
  /** 1-based; 0 is the final model on all rows. */
  readonly fold: number;
  readonly label: string;
  readonly state: CellState;
  readonly metric: number | null;
  readonly seconds: number | null;
  /** By candidate; empty without tuning. */
  readonly cells: readonly GridCell[];
}

/** The nodes of a job that is over: what had not ended then was stopped. `endedAt` null: the job is under way. Pure. */
export function settledNodes(nodes: ReadonlyMap<string, ProgressNode>, endedAt: number | null): ReadonlyMap<string, ProgressNode> {
  if (endedAt === null) return nodes;
  const settled = new Map<string, ProgressNode>();
  for (const [id, node] of nodes) {
    const isOpen = node.status === "start" || node.status === "update";
    settled.set(id, isOpen ? { ...node, status: "aborted", ended_at: Math.max(node.started_at, endedAt) } : node);
  }
  return settled;
}

/** The execution tree as rows of folds, in order, the final model last. Folds that are only announced are queued. Pure. */
export function foldRows(nodes: ReadonlyMap<string, ProgressNode>): readonly FoldRow[] {
  const folds = new Map<number, { node: ProgressNode | null; cells: Map<number, GridCell> }>();
  const rowOf = (fold: number) => {
    let row = folds.get(fold);
    if (row === undefined) {
      row = { node: null, cells: new Map() };
      folds.set(fold, row);
    }
    return row;
  };
  let candidates = 0;
  for (const node of nodes.values()) {
    if (node.kind === "outer_resampling" && typeof node.total === "number" && node.total > 1)
      for (let i = 1; i <= node.total; i++) rowOf(i);
    if (node.kind === "tune") candidates = Math.max(candidates, node.total ?? 0);
    if (node.fold === undefined) continue;
    if (node.kind === "outer_fold" || (node.kind === "train_alg" && node.fold === 0)) rowOf(node.fold).node = node;
    if (node.kind === "grid_cell" && node.cell !== undefined) rowOf(node.fold).cells.set(node.cell, cellOf(node, node.cell));
  }
  const labels = candidateLabels(nodes);
  const order = (fold: number): number => (fold === 0 ? Number.POSITIVE_INFINITY : fold);
  return [...folds]
    .sort(([a], [b]) => order(a) - order(b))
    .map(([fold, { node, cells }]) => ({
      fold,
      label: fold === 0 ? "All rows" : `Fold ${fold}`,
      state: node === null ? "queued" : stateOf(node),
      metric: node?.metric ?? null,
      seconds: node === null ? null : secondsOf(node),
      cells: Array.from(
        { length: candidates },
        (_, i) =>
          cells.get(i + 1) ?? {
            cell: i + 1,
            label: labels.get(i + 1) ?? `Candidate ${i + 1}`,
            state: "queued" as const,
            metric: null,
            seconds: null,
          },
      ),
    }));
}

/** What a candidate's number stands for, from any fold that has begun it. */
function candidateLabels(nodes: ReadonlyMap<string, ProgressNode>): ReadonlyMap<number, string> {
  const labels = new Map<number, string>();
  for (const node of nodes.values())
    if (node.kind === "grid_cell" && node.cell !== undefined && node.label !== null) labels.set(node.cell, node.label);
  return labels;
}

function cellOf(node: ProgressNode, cell: number): GridCell {
  return { cell, label: node.label ?? `Candidate ${cell}`, state: stateOf(node), metric: node.metric ?? null, seconds: secondsOf(node) };
}

function stateOf(node: ProgressNode): CellState {
  switch (node.status) {
    case "start":
    case "update":
      return "running";
    case "done":
      return "done";
    case "error":
      return "error";
    case "aborted":
      return "aborted";
  }
}

function secondsOf(node: ProgressNode): number | null {
  return node.ended_at === null ? null : Math.max(0, (node.ended_at - node.started_at) / 1000);
}

/** How many steps of work are known, and how many have ended: folds and candidates count, the tree's inner nodes do not. */
export function workCounts(rows: readonly FoldRow[]): { readonly done: number; readonly total: number } {
  let done = 0;
  let total = 0;
  for (const row of rows) {
    const parts = [...row.cells, row];
    total += parts.length;
    done += parts.filter((part) => part.state === "done" || part.state === "error").length;
  }
  return { done, total };
}
