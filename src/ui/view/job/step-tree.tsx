import { useMemo, useState } from "preact/hooks";
import type { JobSummary, ProgressNode } from "../../../client/index.ts";
import { useNow } from "../../app/context.ts";
import { Card, Empty, formatDuration, formatMetric, Tree } from "../../kit/index.ts";
import { isFinal } from "../../store/state.ts";
import { openByDefault, type StepNode, stepTree } from "./tree-nodes.ts";

const GLYPHS: Readonly<Record<ProgressNode["status"], string>> = { start: "●", update: "●", done: "✓", error: "✕", aborted: "■" };
const WORDS: Readonly<Record<ProgressNode["status"], string>> = {
  start: "running",
  update: "running",
  done: "done",
  error: "failed",
  aborted: "stopped",
};

/** The execution tree with times: job, folds, tuning, candidates, fits. */
export function StepTree({ job, nodes }: { job: JobSummary; nodes: ReadonlyMap<string, ProgressNode> }) {
  const now = useNow(1_000, !isFinal(job.status));
  const roots = useMemo(() => stepTree(nodes), [nodes]);
  // What a person has opened or closed wins over the default.
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map());
  const expanded = useMemo(() => {
    const open = new Set(openByDefault(roots));
    for (const [id, isOpen] of toggled) {
      if (isOpen) open.add(id);
      else open.delete(id);
    }
    return open;
  }, [roots, toggled]);
  return (
    <Card title="Steps">
      {roots.length === 0 ? (
        <Empty title={isFinal(job.status) ? "Nothing was started" : "Nothing has started yet"} />
      ) : (
        <div class="a-tree-box">
          <Tree
            label="Steps of the job"
            nodes={roots}
            expanded={expanded}
            onToggle={(id) => setToggled(new Map(toggled).set(id, !expanded.has(id)))}
            renderNode={(step) => <Step step={step} now={now} />}
          />
        </div>
      )}
    </Card>
  );
}

function Step({ step, now }: { step: StepNode; now: number }) {
  const { node } = step;
  const seconds = ((node.ended_at ?? now) - node.started_at) / 1000;
  const count = typeof node.current === "number" && typeof node.total === "number" ? `${node.current} of ${node.total}` : null;
  return (
    <span class={`a-step is-${node.status}`}>
      <span class="a-step-glyph" aria-hidden="true">
        {GLYPHS[node.status]}
      </span>
      <span class="a-step-text">{step.text}</span>
      <span class="sr-only">, {WORDS[node.status]}</span>
      {count === null ? null : <span class="a-step-count num">{count}</span>}
      {node.metric == null ? null : <span class="a-step-count num">{formatMetric(node.metric, 3)}</span>}
      <span class="a-step-time num">{formatDuration(Math.max(0, seconds))}</span>
    </span>
  );
}
