import { useMemo, useRef, useState } from "preact/hooks";
import type { PromptGraphNode } from "../../../client/index.ts";
import { Card, classNames, Segmented, Table } from "../../kit/index.ts";
import { BOX, type GraphLayout, layoutGraph, walkGraph } from "./graph-layout.ts";
import type { PromptState } from "./prompt-state.ts";

export interface GraphViewProps {
  readonly graph: NonNullable<PromptState["graph"]>;
  /** Number of the newest version of a text that is learned. */
  readonly versionOf: (variable: string) => number | null;
  /** Key of the text whose versions are shown. */
  readonly chosen: string | null;
  readonly onChoose: (variable: string) => void;
}

const WORDS: Readonly<Record<PromptGraphNode["kind"], string>> = {
  operation: "operation",
  parameter: "learned",
  variable: "gets criticism",
  fixed: "fixed",
};

/** The graph from inputs to results. One tab stop: arrows follow edges; a list holds the same facts. */
export function GraphView(props: GraphViewProps) {
  const { graph } = props;
  const [look, setLook] = useState("graph");
  const layout = useMemo(() => layoutGraph(graph.nodes, graph.edges), [graph]);
  const choice = (
    <Segmented
      label="Show as"
      small
      value={look}
      onChange={setLook}
      options={[
        { value: "graph", label: "Graph" },
        { value: "list", label: "List" },
      ]}
    />
  );
  const since = graph.step === 0 ? "values flow to the right" : `changed at step ${graph.step}`;
  return (
    <Card title="Graph" subtitle={since} actions={choice}>
      {look === "graph" ? <Picture {...props} layout={layout} /> : <NodeTable {...props} />}
      {graph.is_cut ? <p class="a-quiet">The graph is larger: what is farthest from the result is left out.</p> : null}
    </Card>
  );
}

function Picture({ layout, versionOf, chosen, onChoose }: GraphViewProps & { layout: GraphLayout }) {
  const box = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState<string | null>(null);
  const first = layout.nodes.find(({ node }) => node.kind === "parameter") ?? layout.nodes[0];
  const stop = layout.nodes.some(({ node }) => node.id === focused) ? focused : (first?.node.id ?? null);
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = stop === null ? null : walkGraph(layout, stop, event.key);
    if (next === null) return;
    event.preventDefault();
    setFocused(next);
    box.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(next)}"]`)?.focus();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset holds form fields; this holds a picture of buttons
    <div ref={box} class="p-graph" role="group" aria-label="Graph, values flow to the right; arrow keys follow it" onKeyDown={onKeyDown}>
      <div class="p-graph-plane" style={{ inlineSize: `${layout.width}px`, blockSize: `${layout.height}px` }}>
        <svg width={layout.width} height={layout.height} aria-hidden="true" focusable="false">
          {layout.edges.map(({ edge, path }) => (
            <path key={`${edge.from} ${edge.to}`} d={path} class="p-edge" />
          ))}
        </svg>
        {layout.nodes.map(({ node, x, y }) => (
          <button
            key={node.id}
            type="button"
            class={classNames("p-node", `is-${node.kind}`, node.variable !== null && node.variable === chosen && "is-chosen")}
            style={{ insetInlineStart: `${x}px`, insetBlockStart: `${y}px`, inlineSize: `${BOX.width}px`, blockSize: `${BOX.height}px` }}
            data-node={node.id}
            tabIndex={node.id === stop ? 0 : -1}
            aria-pressed={node.variable === null ? undefined : node.variable === chosen}
            title={[node.label, ...node.outputs].join(" → ")}
            onFocus={() => setFocused(node.id)}
            onClick={() => {
              if (node.variable !== null) onChoose(node.variable);
            }}
          >
            <span class="p-node-name">{node.label || "(no role)"}</span>
            <span class="p-node-kind">{kindText(node, versionOf)}</span>
            {node.outputs.length === 0 ? null : <span class="sr-only">; gives {node.outputs.join(" and ")}</span>}
          </button>
        ))}
      </div>
    </div>
  );
}

function NodeTable({ graph, versionOf }: GraphViewProps) {
  const nameOf = (id: string): string => graph.nodes.find((node) => node.id === id)?.label ?? id;
  const reads = (node: PromptGraphNode): string =>
    graph.edges
      .filter(({ to }) => to === node.id)
      .map(({ from }) => nameOf(from))
      .join(", ");
  return (
    <Table
      caption="Nodes of the graph"
      rows={graph.nodes}
      rowKey={(node) => node.id}
      columns={[
        { id: "name", header: "Node", rowHeader: true, cell: (node) => node.label || "(no role)" },
        { id: "kind", header: "Kind", cell: (node) => kindText(node, versionOf) },
        { id: "reads", header: "Reads", cell: (node) => reads(node) || "–" },
        { id: "gives", header: "Gives", cell: (node) => node.outputs.join(", ") || "–" },
      ]}
    />
  );
}

function kindText(node: PromptGraphNode, versionOf: GraphViewProps["versionOf"]): string {
  const version = node.variable === null ? null : versionOf(node.variable);
  const count = node.count > 1 && node.kind === "operation" ? ` × ${node.count.toLocaleString("en")}` : "";
  return `${WORDS[node.kind]}${version === null ? "" : `, version ${version}`}${count}`;
}
