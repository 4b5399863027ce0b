import type { ProgressNode } from "../../../client/index.ts";

export interface StepNode {
  readonly id: string;
  readonly text: string;
  readonly node: ProgressNode;
  readonly children: readonly StepNode[];
}

const KIND_WORDS: Readonly<Record<string, string>> = {
  train: "Job",
  outer_resampling: "Outer resamples",
  outer_fold: "Fold",
  tune: "Tuning",
  grid_cell: "Candidate",
  preprocess: "Preprocessing",
  train_alg: "Fit",
  predict: "Predictions",
  varimp: "Importance",
  metrics: "Metrics",
  decompose: "Decompose",
  cluster: "Cluster",
};

/** The reports as a forest, children in order of appearance. A parent that is not there (yet) makes its child a root. Pure. */
export function stepTree(nodes: ReadonlyMap<string, ProgressNode>): readonly StepNode[] {
  const childrenOf = new Map<string | null, ProgressNode[]>();
  for (const node of nodes.values()) {
    const parent = node.parent_id !== null && nodes.has(node.parent_id) ? node.parent_id : null;
    const list = childrenOf.get(parent);
    if (list === undefined) childrenOf.set(parent, [node]);
    else list.push(node);
  }
  const build = (node: ProgressNode): StepNode => ({
    id: node.node_id,
    text: stepText(node),
    node,
    children: (childrenOf.get(node.node_id) ?? []).map(build),
  });
  return (childrenOf.get(null) ?? []).map(build);
}

function stepText(node: ProgressNode): string {
  const word = KIND_WORDS[node.kind] ?? node.kind.replaceAll("_", " ");
  return node.label === null || node.label === word ? word : `${word} ${node.label}`;
}

/** Open by default: what is running, down to its leaves, and the first two levels. */
export function openByDefault(roots: readonly StepNode[]): ReadonlySet<string> {
  const open = new Set<string>();
  const walk = (step: StepNode, depth: number): void => {
    const isRunning = step.node.status === "start" || step.node.status === "update";
    if (depth < 2 || (isRunning && depth < 3)) open.add(step.id);
    for (const child of step.children) walk(child, depth + 1);
  };
  for (const root of roots) walk(root, 0);
  return open;
}
