import { useMemo, useState } from "preact/hooks";
import type { JobSummary } from "../../../client/index.ts";
import { useApp } from "../../app/context.ts";
import { LiveLines } from "../../chart/live/live-lines.tsx";
import { Card, Empty, Segmented } from "../../kit/index.ts";
import type { Series } from "../../store/series.ts";
import { isFinal } from "../../store/state.ts";

/** Training is solid; whatever watches it has a dash of its own. */
const SPLITS = ["training", "validation", "cross-validation", "out-of-bag"];

const X_LABELS: Readonly<Record<string, string>> = {
  LightGBM: "Round",
  LightRF: "Tree",
  Ranger: "Tree",
  GLMNET: "Lambda step",
  CART: "Split",
  MLP: "Epoch",
};

/** Loss or metric per step, one colour per fold, validation dashed. */
export function Curves({ job }: { job: JobSummary }) {
  const app = useApp();
  const [which, setWhich] = useState("all");
  // Read for its change: curves may have appeared.
  const version = app.store.curvesVersion.value;
  const series = useMemo(() => app.store.series.of(job.job_id), [app, job.job_id, version]);
  const splits = [...new Set(series.map((one) => one.split))].sort((a, b) => dashOf(a) - dashOf(b));
  const measure = series[0]?.measure ?? "";
  const lines = useMemo(
    () =>
      series
        .filter((one) => which === "all" || one.split === which)
        .map((one) => ({
          id: one.id,
          label: labelOf(one),
          color: one.fold === 0 ? 7 : (one.fold - 1) % 7,
          dash: dashOf(one.split),
          data: one.data,
        })),
    [series, which],
  );
  if (series.length === 0) {
    return (
      <Card title="Curves">
        <Empty title={isFinal(job.status) ? "This job drew no curves" : "No points yet"}>
          {isFinal(job.status)
            ? "It fitted in one step, or ended before."
            : "They begin when a fold fits its model; with tuning, that is after its candidates."}
        </Empty>
      </Card>
    );
  }
  return (
    <Card class="a-curves">
      <LiveLines
        plain
        controls={
          splits.length > 1 ? (
            <Segmented
              label="Which curves"
              small
              value={which}
              onChange={setWhich}
              options={[{ value: "all", label: "All" }, ...splits.map((split) => ({ value: split, label: sentence(split) }))]}
            />
          ) : null
        }
        title={`${sentence(measure)} per fold`}
        lines={lines}
        xLabel={X_LABELS[job.algorithm] ?? "Step"}
        yLabel={measure}
        live={!isFinal(job.status)}
        syncKey={job.job_id}
      />
    </Card>
  );
}

function dashOf(split: string): number {
  const at = SPLITS.indexOf(split);
  return at < 0 ? SPLITS.length : at;
}

function labelOf(series: Series): string {
  return `${series.fold === 0 ? "all rows" : `fold ${series.fold}`} · ${series.split}`;
}

function sentence(text: string): string {
  if (text === "rmse") return "RMSE";
  return text === "" ? "Curve" : text.charAt(0).toUpperCase() + text.slice(1);
}
