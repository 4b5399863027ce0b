import { type GraphNode, Parameter, type Variable } from "./variable.ts";

/** What a node of the picture stands for. `fixed`: an input that receives no criticism. */
export type ShapeKind = "operation" | "parameter" | "variable" | "fixed";

export interface ShapeNode {
  readonly id: string;
  readonly kind: ShapeKind;
  /** Name of the operation, or role of the variable. */
  readonly label: string;
  /** Roles of what an operation gives. */
  readonly outputs: readonly string[];
  /** Nodes of the graph that this one stands for: equal ones, fed by equal ones, are drawn once. */
  readonly count: number;
  /** Of a parameter, and of a leaf that is learned like one. */
  readonly variable: Variable | null;
}

/** From an input to the operation that reads it: the direction of values, against that of criticism. */
export interface ShapeEdge {
  readonly from: string;
  readonly to: string;
  readonly count: number;
}

export interface GraphShape {
  readonly nodes: readonly ShapeNode[];
  readonly edges: readonly ShapeEdge[];
  /** There were more nodes than asked for: the ones farthest from the results were left out, parameters excepted. */
  readonly isCut: boolean;
}

interface Drawn {
  readonly id: string;
  readonly kind: ShapeKind;
  readonly label: string;
  readonly outputs: readonly string[];
  readonly variable: Variable | null;
  count: number;
}

/**
 * The graph behind some results as a picture: operations and their inputs, where equal parts appear once with a count, so that a
 * hundred samples through one pipeline look like the pipeline. Parameters are themselves; other inputs are told apart by role.
 * Cost: O(nodes + edges). Deterministic: ids are `n0`, `n1`, … from the inputs to the results.
 */
export function graphShape(
  results: readonly Variable[],
  { nodesMax = 300, isLearned = (leaf: Variable): boolean => leaf instanceof Parameter } = {},
): GraphShape {
  const nodes = newestFirst(results, nodesMax * 100);
  const drawn = new Map<string, Drawn>();
  const idOf = new Map<GraphNode, string>();
  const edges = new Map<string, { from: string; to: string; count: number }>();
  const draw = (signature: string, make: () => Omit<Drawn, "id" | "count">): string => {
    const known = drawn.get(signature);
    if (known !== undefined) known.count++;
    else drawn.set(signature, { id: `n${drawn.size}`, count: 1, ...make() });
    return drawn.get(signature)!.id;
  };
  const leafId = (leaf: Variable): string => {
    const kind: ShapeKind = isLearned(leaf) ? "parameter" : "variable";
    const own = kind === "parameter" ? String(leaf.accumulator().sequence) : "";
    return draw(`${kind} ${own} ${leaf.role}`, () => ({
      kind,
      label: leaf.role,
      outputs: [],
      variable: kind === "parameter" ? leaf : null,
    }));
  };
  for (const node of nodes.toReversed()) {
    if (node.leaf !== null) {
      idOf.set(node, leafId(node.leaf));
      continue;
    }
    const inputs = node.edges.map((edge) => {
      const id = edge.node === null ? undefined : idOf.get(edge.node);
      return id ?? draw(`fixed ${edge.role}`, () => ({ kind: "fixed", label: edge.role, outputs: [], variable: null }));
    });
    const label = node.name.replace(/Backward\d*$/, "");
    const id = draw(`operation ${label} ${JSON.stringify([node.outputRoles, inputs])}`, () => ({
      kind: "operation",
      label,
      outputs: node.outputRoles,
      variable: null,
    }));
    idOf.set(node, id);
    for (const from of inputs) {
      const key = `${from} ${id}`;
      const edge = edges.get(key) ?? { from, to: id, count: 0 };
      edge.count++;
      edges.set(key, edge);
    }
  }
  const all = [...drawn.values()];
  const kept = all.filter(({ kind }, index) => kind === "parameter" || index >= all.length - nodesMax);
  const ids = new Set(kept.map(({ id }) => id));
  const isCut = kept.length < all.length;
  return { nodes: kept, edges: [...edges.values()].filter(({ from, to }) => ids.has(from) && ids.has(to)), isCut };
}

/** About `nodesMax` nodes that can be reached, users before what they use. */
function newestFirst(results: readonly Variable[], nodesMax: number): GraphNode[] {
  const found = new Set<GraphNode>(results.flatMap(({ gradFn }) => gradFn ?? []));
  for (const node of found) {
    if (found.size > nodesMax) break;
    for (const edge of node.edges) if (edge.node !== null) found.add(edge.node); // a Set iterates over what is added meanwhile
  }
  // A leaf's sink is made when the leaf is first used, a result's node after those of its inputs.
  return [...found].sort((a, b) => b.sequence - a.sequence);
}
