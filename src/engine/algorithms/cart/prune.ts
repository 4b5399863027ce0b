import type { TreeFeature } from "./data.ts";
import { LEFT } from "./split.ts";
import { heaviest, route, type TreeNode } from "./tree.ts";

/**
 * For each node the complexity at which it becomes a leaf: weakest-link cutting (Breiman et al. 1984, section 3.3). Leaves have 0. Never larger
 * below than above, so `complexity > a` for a node and all above it is the smallest best subtree at penalty `a` per split (absolute risk).
 * Cost: O(nodes × depth × log nodes).
 */
export function complexities(nodes: readonly TreeNode[]): Float64Array {
  const complexity = new Float64Array(nodes.length);
  const splits = new Float64Array(nodes.length);
  const risk = Float64Array.from(nodes, (node) => node.risk);
  for (let t = nodes.length - 1; t >= 0; t--) {
    const { left, right } = nodes[t]!;
    if (left < 0) continue;
    splits[t] = splits[left]! + splits[right]! + 1;
    risk[t] = risk[left]! + risk[right]!;
  }
  const link = (t: number): number => (nodes[t]!.risk - risk[t]!) / splits[t]!;
  const queue = new WeakestFirst();
  for (let t = 0; t < nodes.length; t++) if (splits[t]! > 0) queue.add(link(t), t);
  let reached = 0;
  for (let weakest = queue.take(); weakest !== null; weakest = queue.take()) {
    const { node: t, key } = weakest;
    if (splits[t] === 0 || key !== link(t)) continue; // cut already, or an old entry
    reached = Math.max(reached, key);
    const lostSplits = splits[t]!;
    const addedRisk = nodes[t]!.risk - risk[t]!;
    for (const below of branch(nodes, t)) {
      if (splits[below]! > 0) complexity[below] = reached;
      splits[below] = 0;
    }
    risk[t] = nodes[t]!.risk;
    for (let up = nodes[t]!.parent; up >= 0; up = nodes[up]!.parent) {
      splits[up]! -= lostSplits;
      risk[up]! += addedRisk;
      queue.add(link(up), up);
    }
  }
  return complexity;
}

/** The node and everything below it that has not been cut off. */
function branch(nodes: readonly TreeNode[], top: number): number[] {
  const found: number[] = [];
  const open = [top];
  for (let t = open.pop(); t !== undefined; t = open.pop()) {
    found.push(t);
    const { left, right } = nodes[t]!;
    if (left >= 0) open.push(left, right);
  }
  return found;
}

/** A binary heap: smallest key first, then the smallest node index, so that the order never depends on history. */
class WeakestFirst {
  readonly #entries: { key: number; node: number }[] = [];

  add(key: number, node: number): void {
    const entries = this.#entries;
    entries.push({ key, node });
    for (let i = entries.length - 1; i > 0; ) {
      const up = (i - 1) >> 1;
      if (!before(entries[i]!, entries[up]!)) return;
      [entries[i], entries[up]] = [entries[up]!, entries[i]!];
      i = up;
    }
  }

  take(): { key: number; node: number } | null {
    const entries = this.#entries;
    const first = entries[0];
    const last = entries.pop();
    if (first === undefined || last === undefined) return null;
    if (entries.length === 0) return first;
    entries[0] = last;
    for (let i = 0; ; ) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) if (child < entries.length && before(entries[child]!, entries[least]!)) least = child;
      if (least === i) return first;
      [entries[i], entries[least]] = [entries[least]!, entries[i]!];
      i = least;
    }
  }
}

function before(a: { key: number; node: number }, b: { key: number; node: number }): boolean {
  return a.key < b.key || (a.key === b.key && a.node < b.node);
}

/** The nodes that are left when every one with complexity ≤ `bound` is a leaf; indices are renumbered, parents stay before children. */
export function pruned(nodes: readonly TreeNode[], complexity: Float64Array, bound: number): TreeNode[] {
  const kept: TreeNode[] = [];
  const visit = [{ from: 0, parent: -1, isLeft: false }];
  for (const next of visit) {
    // `visit` grows while it is read: breadth first.
    const node = nodes[next.from]!;
    const index = kept.length;
    const parent = kept[next.parent];
    if (parent !== undefined) {
      if (next.isLeft) parent.left = index;
      else parent.right = index;
    }
    const splits = node.left >= 0 && complexity[next.from]! > bound;
    kept.push({ ...node, parent: next.parent, left: -1, right: -1, ...(splits ? {} : { split: null, surrogates: [] }) });
    if (splits) visit.push({ from: node.left, parent: index, isLeft: true }, { from: node.right, parent: index, isLeft: false });
  }
  return kept;
}

/**
 * Penalties that stand for each subtree of the sequence, from the root alone to the whole tree: the root's complexity, then the geometric means
 * of neighbouring complexities above `floor`, then `floor` itself. Shares of the root's risk, falling.
 */
export function penaltySequence(complexity: Float64Array, rootRisk: number, floor: number): number[] {
  const shares = [...new Set(complexity)].map((value) => value / rootRisk).filter((share) => share > floor);
  shares.sort((a, b) => b - a);
  return [...shares, floor].map((share, i) => (i === 0 ? share : Math.sqrt(share * shares[i - 1]!)));
}

/** Losses of one row under each subtree of a falling sequence of penalties (absolute): the row stops at the first node cut there. */
export function lossesAlongSequence(
  tree: { readonly nodes: readonly TreeNode[]; readonly complexity: Float64Array; readonly features: readonly TreeFeature[] },
  row: number,
  truth: number,
  penalties: readonly number[],
  classes: number,
): number[] {
  const { nodes, complexity, features } = tree;
  let t = 0;
  return penalties.map((penalty) => {
    for (let node = nodes[t]!; node.left >= 0 && complexity[t]! > penalty; node = nodes[t]!) {
      t = route(node, features, row) === LEFT ? node.left : node.right;
    }
    const { summary } = nodes[t]!;
    if (classes === 0) return (truth - summary[0]!) ** 2;
    return heaviest(summary) === truth ? 0 : 1;
  });
}
