import type { PromptGraphEdge, PromptGraphNode } from "../../../client/index.ts";

export interface PlacedNode {
  readonly node: PromptGraphNode;
  readonly layer: number;
  /** Place within its layer, from the top. */
  readonly row: number;
  /** Upper left corner, px. */
  readonly x: number;
  readonly y: number;
}

export interface PlacedEdge {
  readonly edge: PromptGraphEdge;
  /** An SVG path from the right side of one box to the left side of the other. */
  readonly path: string;
}

export interface GraphLayout {
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
  readonly width: number;
  readonly height: number;
}

export const BOX = { width: 158, height: 64, gapX: 30, gapY: 16 } as const;
const SWEEPS = 6;

/**
 * Layers from left to right, values flow rightwards: an operation stands behind everything it reads, an input right before the first
 * operation that reads it. Within a layer, places follow the neighbours' mean place, swept back and forth.
 * Cost: O(sweeps · (nodes log nodes + edges)). Deterministic.
 * Source: Sugiyama, Tagawa & Toda (1981), doi:10.1109/TSMC.1981.4308636, without dummy nodes.
 */
export function layoutGraph(nodes: readonly PromptGraphNode[], edges: readonly PromptGraphEdge[]): GraphLayout {
  const ids = new Set(nodes.map(({ id }) => id));
  const known = edges.filter(({ from, to }) => ids.has(from) && ids.has(to));
  const before = grouped(
    known,
    ({ to }) => to,
    ({ from }) => from,
  );
  const after = grouped(
    known,
    ({ from }) => from,
    ({ to }) => to,
  );
  const layerOf = layersOf(nodes, before, after);
  const layers: string[][] = [];
  for (const { id } of nodes) {
    const layer = layerOf.get(id) ?? 0;
    layers[layer] = [...(layers[layer] ?? []), id];
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isForward = sweep % 2 === 0;
    const order = isForward ? layers : layers.toReversed();
    for (const layer of order) arrange(layer, layers, isForward ? before : after);
  }
  return placed(nodes, known, layers);
}

function grouped(
  edges: readonly PromptGraphEdge[],
  key: (edge: PromptGraphEdge) => string,
  value: (edge: PromptGraphEdge) => string,
): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const edge of edges) groups.set(key(edge), [...(groups.get(key(edge)) ?? []), value(edge)]);
  return groups;
}

/** Longest way from an input; then inputs move right, next to who reads them first. Nodes come inputs first. */
function layersOf(
  nodes: readonly PromptGraphNode[],
  before: ReadonlyMap<string, readonly string[]>,
  after: ReadonlyMap<string, readonly string[]>,
): Map<string, number> {
  const layerOf = new Map<string, number>();
  for (const { id } of nodes) layerOf.set(id, Math.max(0, ...(before.get(id) ?? []).map((from) => (layerOf.get(from) ?? 0) + 1)));
  for (const { id, kind } of nodes) {
    const readers = after.get(id) ?? [];
    if (kind !== "operation" && readers.length > 0)
      layerOf.set(id, Math.max(0, Math.min(...readers.map((to) => layerOf.get(to) ?? 1)) - 1));
  }
  return layerOf;
}

/** Sorts one layer by the mean place of its neighbours; who has none keeps its place. */
function arrange(layer: string[], layers: readonly (readonly string[])[], neighbours: ReadonlyMap<string, readonly string[]>): void {
  const place = new Map<string, number>();
  for (const other of layers) for (const [row, id] of other.entries()) place.set(id, row - other.length / 2);
  const mean = new Map(
    layer.map((id) => {
      const near = neighbours.get(id) ?? [];
      const total = near.reduce((sum, other) => sum + (place.get(other) ?? 0), 0);
      return [id, near.length === 0 ? (place.get(id) ?? 0) : total / near.length] as const;
    }),
  );
  layer.sort((a, b) => mean.get(a)! - mean.get(b)!); // stable
}

function placed(nodes: readonly PromptGraphNode[], edges: readonly PromptGraphEdge[], layers: readonly (readonly string[])[]): GraphLayout {
  const rows = Math.max(1, ...layers.map((layer) => layer.length));
  const height = rows * BOX.height + (rows - 1) * BOX.gapY;
  const at = new Map<string, { layer: number; row: number; x: number; y: number }>();
  for (const [layer, ids] of layers.entries()) {
    const used = ids.length * BOX.height + (ids.length - 1) * BOX.gapY;
    for (const [row, id] of ids.entries()) {
      at.set(id, { layer, row, x: layer * (BOX.width + BOX.gapX), y: (height - used) / 2 + row * (BOX.height + BOX.gapY) });
    }
  }
  return {
    nodes: nodes.map((node) => ({ node, ...at.get(node.id)! })),
    edges: edges.map((edge) => ({ edge, path: curve(at.get(edge.from)!, at.get(edge.to)!) })),
    width: layers.length * BOX.width + (layers.length - 1) * BOX.gapX,
    height,
  };
}

function curve(from: { x: number; y: number }, to: { x: number; y: number }): string {
  const [x1, y1, x2, y2] = [from.x + BOX.width, from.y + BOX.height / 2, to.x, to.y + BOX.height / 2];
  const bend = Math.max(16, (x2 - x1) / 2);
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

/** Where an arrow key goes: right and left follow edges, up and down stay in the layer. Null: nowhere. */
export function walkGraph({ nodes, edges }: GraphLayout, from: string, key: string): string | null {
  const here = nodes.find(({ node }) => node.id === from);
  if (here === undefined) return null;
  const nearest = (ids: readonly string[]): string | null => {
    const found = nodes.filter(({ node }) => ids.includes(node.id)).sort((a, b) => Math.abs(a.y - here.y) - Math.abs(b.y - here.y));
    return found[0]?.node.id ?? null;
  };
  switch (key) {
    case "ArrowRight":
      return nearest(edges.filter(({ edge }) => edge.from === from).map(({ edge }) => edge.to));
    case "ArrowLeft":
      return nearest(edges.filter(({ edge }) => edge.to === from).map(({ edge }) => edge.from));
    case "ArrowUp":
    case "ArrowDown": {
      const row = here.row + (key === "ArrowDown" ? 1 : -1);
      return nodes.find((other) => other.layer === here.layer && other.row === row)?.node.id ?? null;
    }
    case "Home":
      return nodes.toSorted((a, b) => a.layer - b.layer || a.row - b.row)[0]?.node.id ?? null;
    case "End":
      return nodes.toSorted((a, b) => b.layer - a.layer || b.row - a.row)[0]?.node.id ?? null;
    default:
      return null;
  }
}
