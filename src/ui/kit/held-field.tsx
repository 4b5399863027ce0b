import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { classNames } from "./class-names.ts";
import { ChangedDot, FieldFault } from "./field.tsx";
import { TextField } from "./fields.tsx";
import { heldText, readHeld } from "./held-text.ts";
import type { HyperparameterEntry } from "./schema-types.ts";

export interface HeldFieldProps {
  readonly entry: HyperparameterEntry;
  readonly value: unknown;
  /** Undefined goes back to the default. */
  readonly onChange: (value: unknown) => void;
  readonly label: string;
  readonly help: string;
  readonly error: string | null | undefined;
  readonly changed: boolean;
  readonly aside: ComponentChildren;
}

/** A value that holds several: boxes to tick where the choices are few, else text as `held-text.ts` reads it. */
export function HeldField(props: HeldFieldProps) {
  return props.entry.choices === undefined ? <HeldText {...props} /> : <HeldChoices {...props} />;
}

/** More choices than this take a row of their own. */
const WIDE_FROM = 8;

const PLACEHOLDERS = { list: "a, b, c", numbers: "column: 1.5; column: 2", levels: "column: low, high" } as const;

function HeldText({ entry, value, onChange, error, help, ...frame }: HeldFieldProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const text = draft ?? heldText(value);
  const { problem } = readHeld(text, entry);
  const type = (next: string): void => {
    setDraft(next);
    const reading = readHeld(next, entry);
    if (reading.problem === null) onChange(reading.value === null ? undefined : reading.value);
  };
  const shown = value === null && draft !== null && draft.trim() !== "" && problem === null ? "" : text; // it was reset from outside
  return (
    <TextField
      {...frame}
      mono
      value={shown}
      help={entry.automatic === undefined ? help : `${help} Empty: ${entry.automatic}.`}
      placeholder={PLACEHOLDERS[entry.holds ?? "list"]}
      error={problem ?? error}
      onChange={type}
    />
  );
}

function HeldChoices({ entry, value, onChange, label, help, error, changed, aside }: HeldFieldProps) {
  const id = useId();
  const chosen: readonly unknown[] = Array.isArray(value) ? value : [];
  const toggle = (choice: unknown, isOn: boolean): void => {
    onChange(isOn ? [...chosen, choice] : chosen.filter((other) => other !== choice));
  };
  return (
    <fieldset class={classNames("k-field", (entry.choices?.length ?? 0) > WIDE_FROM && "is-wide")}>
      <legend class="sr-only">{label}</legend>
      <div class="k-field-head">
        <span class="k-label" aria-hidden="true">
          {label}
          {changed ? <ChangedDot /> : null}
        </span>
        {aside}
      </div>
      <div class="k-chips is-choices">
        {entry.choices?.map((choice) => (
          <label key={String(choice)} class="k-choice">
            <input type="checkbox" checked={chosen.includes(choice)} onChange={(event) => toggle(choice, event.currentTarget.checked)} />
            <span>{String(choice)}</span>
          </label>
        ))}
      </div>
      <FieldFault id={`${id}-error`} error={chosen.length === 0 ? "Choose at least one." : error} />
      <p class="k-help">{help}</p>
    </fieldset>
  );
}
