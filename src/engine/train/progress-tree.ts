import type { NodeKind, NodeReport, TrainReport } from "./progress.ts";

export interface NodeFacts {
  readonly label?: string;
  readonly fold?: number;
  readonly cell?: number;
  readonly total?: number;
}

/** One node of the execution tree while it runs. Every method reports; after `done` or `fail` it reports no more. */
export interface ProgressNode {
  readonly id: string;
  child(kind: NodeKind, facts?: NodeFacts): ProgressNode;
  update(current: number, extra?: Partial<NodeReport>): void;
  done(extra?: Partial<NodeReport>): void;
  fail(status: "error" | "aborted", message: string): void;
}

const TITLES: Readonly<Record<NodeKind, string>> = {
  train: "Train",
  outer_resampling: "Outer resamples",
  outer_fold: "Fold",
  tune: "Tuning",
  grid_cell: "Candidate",
  preprocess: "Preprocess",
  train_alg: "Fit",
  predict: "Predict",
  varimp: "Importance",
  metrics: "Metrics",
  decompose: "Decompose",
  cluster: "Cluster",
};

/** Loops count; their ids start with `pb` and they report at level `progress`. */
const LOOPS: ReadonlySet<NodeKind> = new Set(["outer_resampling", "tune"]);

/** Opens the tree. Node ids are given in order of appearance: `n1`, `n2` … for steps, `pb1` … for loops. */
export function progressTree(
  report: (report: TrainReport) => void,
  now: () => number,
): (kind: NodeKind, facts?: NodeFacts) => ProgressNode {
  let steps = 0;
  let loops = 0;
  const open = (parent: string | null, kind: NodeKind, facts: NodeFacts): ProgressNode => {
    const id = LOOPS.has(kind) ? `pb${++loops}` : `n${++steps}`;
    const startedAt = now();
    let ended = false;
    const emit = (status: NodeReport["status"], message: string, extra: Partial<NodeReport>): void => {
      if (ended) return;
      ended = status !== "start" && status !== "update";
      const at = now();
      report({
        type: "node",
        node_id: id,
        parent_id: parent,
        kind,
        label: facts.label ?? null,
        status,
        message,
        started_at: startedAt,
        ended_at: ended ? at : null,
        at,
        ...(facts.fold === undefined ? {} : { fold: facts.fold }),
        ...(facts.cell === undefined ? {} : { cell: facts.cell }),
        ...(LOOPS.has(kind) ? { current: 0, total: facts.total ?? null } : {}),
        ...extra,
      });
    };
    // A loop's label may be the name of its kind: it is said once.
    const title = facts.label === undefined || facts.label === TITLES[kind] ? TITLES[kind] : `${TITLES[kind]} ${facts.label}`;
    emit("start", title, {});
    return {
      id,
      child: (childKind, childFacts = {}) => open(id, childKind, childFacts),
      update: (current, extra = {}) =>
        emit("update", facts.total === undefined ? title : `${title} ${current}/${facts.total}`, { current, ...extra }),
      done: (extra = {}) =>
        emit("done", title, { ...(LOOPS.has(kind) && facts.total !== undefined ? { current: facts.total } : {}), ...extra }),
      fail: (status, message) => emit(status, message, {}),
    };
  };
  return (kind, facts = {}) => open(null, kind, facts);
}
