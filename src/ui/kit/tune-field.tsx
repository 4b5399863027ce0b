import { useId, useState } from "preact/hooks";
import { IconButton } from "./button.tsx";
import { formatCandidate, parseCandidates } from "./candidates.ts";
import { ChangedDot, Field, FieldFault } from "./field.tsx";
import { NumberField, Select, Switch, TextField } from "./fields.tsx";
import { HeldField } from "./held-field.tsx";
import { Icon } from "./icon.tsx";
import { rangeText } from "./number-text.ts";
import { isChanged } from "./schema-form-model.ts";
import { type Candidates, type HyperparameterEntry, isCandidates } from "./schema-types.ts";
import { Segmented } from "./segmented.tsx";

export interface TuneFieldProps {
  readonly entry: HyperparameterEntry;
  /** A value, null for automatic, `{candidates}` to tune, undefined for the default. */
  readonly value: unknown;
  /** Undefined goes back to the default. */
  readonly onChange: (value: unknown) => void;
  readonly problem?: string | null | undefined;
}

/** One hyperparameter: its value, or the values to try, with a switch between the two and a way back to the default. */
export function TuneField({ entry, value, onChange, problem }: TuneFieldProps) {
  const current = value === undefined ? (entry.default ?? null) : value;
  const changed = isChanged(entry, value);
  const tuning = isCandidates(current);
  const aside = (
    <span class="k-tune-aside">
      {changed ? <IconButton icon="reset" label={`Reset ${entry.title}`} onClick={() => onChange(undefined)} /> : null}
      {entry.tunable ? (
        <button
          type="button"
          class="k-tune-toggle"
          aria-pressed={tuning}
          title={tuning ? "Use one value" : "Try several values and keep the best"}
          onClick={() => onChange(tuning ? singleValue(current) : { candidates: firstCandidates(entry, current) })}
        >
          <Icon name="tune" size={14} />
          <span class="sr-only">Tune {entry.title}</span>
          <span aria-hidden="true">{tuning ? `Tuning ${current.candidates.length}` : "Tune"}</span>
        </button>
      ) : null}
    </span>
  );
  const shared = { label: entry.title, help: entry.help, error: problem, changed, aside };
  return tuning ? (
    <CandidatesField entry={entry} value={current} onChange={onChange} {...shared} />
  ) : (
    <SingleField entry={entry} value={current} onChange={onChange} {...shared} />
  );
}

interface InnerProps {
  readonly entry: HyperparameterEntry;
  readonly onChange: (value: unknown) => void;
  readonly label: string;
  readonly help: string;
  readonly error: string | null | undefined;
  readonly changed: boolean;
  readonly aside: preact.ComponentChildren;
}

function SingleField({ entry, value, onChange, ...shared }: InnerProps & { readonly value: unknown }) {
  if (entry.holds !== undefined) return <HeldField {...shared} entry={entry} value={value} onChange={onChange} />;
  if (entry.type === "logical" && entry.automatic === undefined) {
    return <Switch {...shared} checked={value === true} onChange={onChange} />;
  }
  const choices = entry.type === "logical" ? [true, false] : entry.choices;
  if (choices !== undefined) {
    const options = choices.map((choice) => ({ value: String(choice), label: formatCandidate(choice) }));
    if (entry.automatic !== undefined) options.unshift({ value: "", label: `Automatic: ${entry.automatic}` });
    const choose = (text: string) => onChange(choices.find((choice) => String(choice) === text) ?? null);
    if (options.length <= 4 && entry.automatic === undefined && options.every((option) => option.label.length <= 14)) {
      return <ChoiceSegments {...shared} options={options} value={String(value ?? "")} onChange={choose} />;
    }
    return <Select {...shared} options={options} value={String(value ?? "")} onChange={choose} />;
  }
  const automatic = entry.automatic === undefined ? undefined : `automatic: ${entry.automatic}`;
  if (entry.type === "integer" || entry.type === "double") {
    const number = typeof value === "number" ? value : null;
    return (
      <NumberField
        {...shared}
        value={number}
        min={entry.min}
        max={entry.max}
        integer={entry.type === "integer"}
        placeholder={automatic ?? placeholderOf(entry)}
        required={entry.automatic === undefined}
        onChange={onChange}
      />
    );
  }
  return <ListOrText {...shared} entry={entry} value={value} placeholder={automatic} onChange={onChange} />;
}

/** Strings, and lists of numbers (which travel as `other`). */
function ListOrText({ entry, value, placeholder, onChange, ...shared }: InnerProps & { value: unknown; placeholder: string | undefined }) {
  const [draft, setDraft] = useState<string | null>(null);
  const isList = entry.type === "other" || Array.isArray(value);
  const text = draft ?? (value === null ? "" : Array.isArray(value) ? value.map(formatCandidate).join(" ") : String(value));
  const reading = isList && draft !== null ? parseCandidates(draft, { ...entry, type: "double" }) : null;
  const type = (next: string) => {
    setDraft(next);
    if (next.trim() === "") return onChange(entry.automatic === undefined ? undefined : null);
    if (!isList) return onChange(next);
    const parsed = parseCandidates(next, { ...entry, type: "double" });
    if (parsed.problem === null) onChange(parsed.values);
  };
  return <TextField {...shared} mono value={text} placeholder={placeholder} error={reading?.problem ?? shared.error} onChange={type} />;
}

function ChoiceSegments({
  label,
  help,
  error,
  changed,
  aside,
  options,
  value,
  onChange,
}: Omit<InnerProps, "entry" | "onChange"> & {
  readonly options: readonly { value: string; label: string }[];
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  const id = useId();
  return (
    <div class="k-field">
      <div class="k-field-head">
        <span class="k-label" aria-hidden="true">
          {label}
          {changed ? <ChangedDot /> : null}
        </span>
        {aside}
      </div>
      <Segmented label={label} value={value} options={options} onChange={onChange} />
      <FieldFault id={`${id}-error`} error={error} />
      <p class="k-help">{help}</p>
    </div>
  );
}

/** Chips of values and a box for more: Enter adds, Backspace in the empty box removes the last. */
function CandidatesField({ entry, value, onChange, error, ...shared }: InnerProps & { readonly value: Candidates }) {
  const [draft, setDraft] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const finite = entry.type === "logical" ? [true, false] : entry.choices;
  const set = (candidates: readonly unknown[]) => onChange({ candidates });
  const add = () => {
    if (draft.trim() === "") return;
    const reading = parseCandidates(draft, entry);
    setFault(reading.problem);
    if (reading.problem !== null) return;
    set([...value.candidates, ...reading.values.filter((next) => !value.candidates.includes(next))]);
    setDraft("");
  };
  if (finite !== undefined) {
    return (
      <fieldset class="k-field">
        <legend class="sr-only">{shared.label}: values to try</legend>
        <div class="k-field-head">
          <span class="k-label" aria-hidden="true">
            {shared.label}
            <ChangedDot />
          </span>
          {shared.aside}
        </div>
        <div class="k-chips is-choices">
          {finite.map((choice) => (
            <label key={String(choice)} class="k-choice">
              <input
                type="checkbox"
                checked={value.candidates.includes(choice)}
                onChange={(event) =>
                  set(finite.filter((other) => (other === choice ? event.currentTarget.checked : value.candidates.includes(other))))
                }
              />
              <span>{formatCandidate(choice)}</span>
            </label>
          ))}
        </div>
        <FieldFault id={`${entry.name}-fault`} error={value.candidates.length === 0 ? "Choose at least one value." : error} />
        <p class="k-help">{shared.help}</p>
      </fieldset>
    );
  }
  const empty = value.candidates.length === 0 && draft === "" ? "Give at least one value to try." : null;
  const range = rangeText({ min: entry.min, max: entry.max });
  return (
    <Field {...shared} error={fault ?? error ?? empty}>
      {({ id, describedBy, invalid }) => (
        <div class="k-chips">
          {value.candidates.map((candidate) => (
            <span key={formatCandidate(candidate)} class="k-chip">
              <span class="mono">{formatCandidate(candidate)}</span>
              <button
                type="button"
                aria-label={`Remove ${formatCandidate(candidate)}`}
                onClick={() => set(value.candidates.filter((other) => other !== candidate))}
              >
                <Icon name="cross" size={12} />
              </button>
            </span>
          ))}
          <input
            id={id}
            class="k-chip-input"
            type="text"
            value={draft}
            placeholder="add value"
            title={`Enter adds. A range: 0.01..1:4${range ? ` (${range})` : ""}`}
            autocomplete="off"
            spellcheck={false}
            aria-describedby={describedBy}
            aria-invalid={invalid || undefined}
            onInput={(event) => {
              setDraft(event.currentTarget.value);
              setFault(null);
            }}
            onBlur={add}
            onKeyDown={(event) => {
              if (event.key === "Enter") {
                event.preventDefault();
                add();
              } else if (event.key === "Backspace" && draft === "" && value.candidates.length > 0) set(value.candidates.slice(0, -1));
            }}
          />
        </div>
      )}
    </Field>
  );
}

/** What tuning starts with: the suggestions, or the value that stands there. */
function firstCandidates(entry: HyperparameterEntry, current: unknown): readonly unknown[] {
  if (entry.suggest !== undefined && entry.suggest.length > 0) return entry.suggest;
  if (entry.type === "logical") return [true, false];
  return current === null ? [] : [current];
}

/** What is left when tuning is switched off: the first candidate is as good as any, the default is better. */
function singleValue(value: Candidates): unknown {
  return value.candidates.length === 1 ? value.candidates[0] : undefined;
}

function placeholderOf(entry: HyperparameterEntry): string | undefined {
  return typeof entry.default === "number" ? String(entry.default) : undefined;
}
