import type { ConfigCheck } from "../../../client/index.ts";
import { metricTitle } from "../../app/words.ts";
import { NumberField, Segmented, Select } from "../../kit/index.ts";
import type { Draft, OuterDraft } from "./draft.ts";

type Problems = ConfigCheck["problems"];

const OUTER_TYPES: readonly { readonly value: OuterDraft["type"]; readonly label: string; readonly help: string }[] = [
  { value: "KFold", label: "Cross-validation (k folds)", help: "Every row is held out once." },
  { value: "StratSub", label: "Random subsamples", help: "Each time a random share of the rows is held out, classes in proportion." },
  { value: "StratBoot", label: "Stratified bootstrap", help: "Subsamples that are filled up by drawing again." },
  { value: "Bootstrap", label: "Bootstrap", help: "Rows are drawn with replacement; those not drawn test." },
  { value: "LOOCV", label: "Leave one out", help: "One fit per row: for small tables." },
  { value: "none", label: "No testing", help: "One model on all rows. Its figures are those of rows it has seen, so they are too good." },
];

interface FieldsProps {
  readonly draft: Draft;
  readonly onChange: (draft: Draft) => void;
  readonly problems: Problems;
}

function faultAt(problems: Problems, path: string): string | null {
  return problems.find((problem) => problem.path === path)?.message ?? null;
}

export function TestingFields({ draft, columns, onChange, problems }: FieldsProps & { readonly columns: readonly string[] }) {
  const { outer } = draft;
  const change = (part: Partial<OuterDraft>): void => onChange({ ...draft, outer: { ...outer, ...part } });
  const type = OUTER_TYPES.find((other) => other.value === outer.type);
  const isCounted = outer.type !== "none" && outer.type !== "LOOCV";
  return (
    <div class="a-fields">
      <Select
        label="Outer resampling"
        value={outer.type}
        options={OUTER_TYPES.map(({ value, label }) => ({ value, label }))}
        onChange={(value) => change({ type: value as OuterDraft["type"] })}
        help={type?.help}
        error={faultAt(problems, "outer_resampling_config") ?? faultAt(problems, "outer_resampling_config.type")}
      />
      {isCounted ? (
        <NumberField
          label={outer.type === "KFold" ? "Folds" : "Resamples"}
          value={outer.folds}
          onChange={(folds) => folds !== null && change({ folds })}
          integer
          required
          min={outer.type === "KFold" ? 2 : 1}
          max={10_000}
          error={faultAt(problems, "outer_resampling_config.n_resamples")}
        />
      ) : null}
      {outer.type === "StratSub" || outer.type === "StratBoot" ? (
        <NumberField
          label="Training share"
          value={outer.trainShare}
          onChange={(trainShare) => trainShare !== null && change({ trainShare })}
          required
          min={0.01}
          max={0.99}
          error={faultAt(problems, "outer_resampling_config.train_p")}
        />
      ) : null}
      {isCounted ? (
        <Select
          label="Keep together"
          value={outer.group ?? ""}
          options={[
            { value: "", label: "every row on its own" },
            ...columns.map((name) => ({ value: name, label: `rows with the same ${name}` })),
          ]}
          onChange={(name) => change({ group: name === "" ? null : name })}
          help="For repeated rows of one person or place: they are held out together."
          error={faultAt(problems, "outer_resampling_config.id_strat")}
        />
      ) : null}
    </div>
  );
}

const TUNING_METRICS: Readonly<Record<"classification" | "regression", readonly string[]>> = {
  classification: ["balanced_accuracy", "accuracy", "auc", "log_loss", "f1", "brier_score"],
  regression: ["mse", "rmse", "mae", "rsq"],
};

/** Shown once something is tuned. */
export function TunerFields({ draft, task, onChange, problems }: FieldsProps & { readonly task: "classification" | "regression" }) {
  const { tuner } = draft;
  const change = (part: Partial<Draft["tuner"]>): void => onChange({ ...draft, tuner: { ...tuner, ...part } });
  return (
    <fieldset class="a-fieldset">
      <legend>Tuning</legend>
      <div class="a-fields">
        <NumberField
          label="Inner folds"
          value={tuner.folds}
          onChange={(folds) => folds !== null && change({ folds })}
          integer
          required
          min={2}
          max={100}
          help="Candidates are compared on these, inside each outer fold."
          error={faultAt(problems, "tuner_config.config.resampler_config.n_resamples")}
        />
        <Select
          label="Judge candidates by"
          value={tuner.metric ?? ""}
          options={[
            { value: "", label: `${task === "regression" ? "MSE" : "Balanced accuracy"} (default)` },
            ...TUNING_METRICS[task].map((name) => ({ value: name, label: metricTitle(name) })),
          ]}
          onChange={(name) => change({ metric: name === "" ? null : name })}
          error={faultAt(problems, "tuner_config.config.metric")}
        />
        <Segmented
          label="Search"
          showLabel
          value={tuner.search}
          onChange={(search) => change({ search })}
          options={[
            { value: "exhaustive", label: "Whole grid" },
            { value: "randomized", label: "Random part" },
          ]}
        />
        {tuner.search === "randomized" ? (
          <NumberField
            label="Share of the grid"
            value={tuner.share}
            onChange={(share) => share !== null && change({ share })}
            required
            min={0.01}
            max={0.99}
            error={faultAt(problems, "tuner_config.config.randomize_p")}
          />
        ) : null}
      </div>
    </fieldset>
  );
}
