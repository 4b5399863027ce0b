import type { ComponentChildren } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { classNames } from "./class-names.ts";
import { ChangedDot, Field, FieldFault } from "./field.tsx";
import { Icon, type IconName } from "./icon.tsx";
import { formatInput, rangeText, readNumber, stepNumber } from "./number-text.ts";
import type { Option } from "./segmented.tsx";

interface Common {
  readonly label: string;
  readonly help?: string | undefined;
  readonly error?: string | null | undefined;
  readonly disabled?: boolean | undefined;
  readonly changed?: boolean | undefined;
  readonly aside?: ComponentChildren;
  readonly hideLabel?: boolean | undefined;
}

export interface TextFieldProps extends Common {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly placeholder?: string | undefined;
  readonly type?: "text" | "search" | "password";
  readonly mono?: boolean;
  readonly icon?: IconName;
  readonly onEnter?: (() => void) | undefined;
  readonly autocomplete?: string;
}

/** One line of text; changes are told at every key. */
export function TextField({
  value,
  onChange,
  placeholder,
  type = "text",
  mono,
  icon,
  onEnter,
  disabled,
  autocomplete = "off",
  ...frame
}: TextFieldProps) {
  return (
    <Field {...frame}>
      {({ id, describedBy, invalid }) => (
        <span class="k-input-wrap">
          {icon ? <Icon name={icon} class="k-input-icon" /> : null}
          <input
            id={id}
            class={classNames("k-input", mono && "is-mono", icon && "has-icon")}
            type={type}
            value={value}
            placeholder={placeholder}
            disabled={disabled ?? false}
            autocomplete={autocomplete}
            spellcheck={false}
            aria-describedby={describedBy}
            aria-invalid={invalid || undefined}
            onInput={(event) => onChange(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter") onEnter?.();
            }}
          />
        </span>
      )}
    </Field>
  );
}

export interface NumberFieldProps extends Common {
  /** Null is an empty field. */
  readonly value: number | null;
  readonly onChange: (value: number | null) => void;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly integer?: boolean | undefined;
  readonly placeholder?: string | undefined;
  readonly unit?: string | undefined;
  /** Whether an empty field is a fault. */
  readonly required?: boolean;
}

/**
 * A number as text: accepts `1e-3` and a decimal comma, steps with the arrows (Shift: ten times). While what was typed is not
 * valid it stays in the field with its fault, and `onChange` is not called.
 */
export function NumberField({
  value,
  onChange,
  min,
  max,
  integer,
  placeholder,
  unit,
  required,
  disabled,
  error,
  help,
  ...frame
}: NumberFieldProps) {
  const rule = { min, max, integer };
  const [draft, setDraft] = useState<string | null>(null);
  const shown = draft ?? (value === null ? "" : formatInput(value));
  const reading = draft === null ? null : readNumber(draft, rule);
  const emptyFault = required && shown.trim() === "" ? `Give a number${rangeText(rule) ? ` ${rangeText(rule)}` : ""}.` : null;
  useEffect(() => {
    // A value that was set from outside replaces what is being typed, unless it is the same number.
    setDraft((old) => (old !== null && readNumber(old, { min, max, integer }).problem === null ? null : old));
  }, [value, min, max, integer]);

  const type = (text: string) => {
    setDraft(text);
    const next = readNumber(text, rule);
    if (next.problem === null && !(required && next.value === null)) onChange(next.value);
  };
  const step = (event: KeyboardEvent) => {
    const direction = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
    if (direction === 0) return;
    event.preventDefault();
    const from = reading?.value ?? value ?? Math.max(min ?? 0, 0);
    const next = stepNumber(from, direction, rule, event.shiftKey);
    setDraft(null);
    onChange(next);
  };
  return (
    <Field {...frame} help={help} error={reading?.problem ?? error ?? emptyFault}>
      {({ id, describedBy, invalid }) => (
        <span class="k-input-wrap">
          <input
            id={id}
            class={classNames("k-input is-mono", unit && "has-unit")}
            type="text"
            inputMode={integer ? "numeric" : "decimal"}
            value={shown}
            placeholder={placeholder}
            disabled={disabled ?? false}
            autocomplete="off"
            spellcheck={false}
            aria-describedby={describedBy}
            aria-invalid={invalid || undefined}
            onInput={(event) => type(event.currentTarget.value)}
            onKeyDown={step}
            onBlur={() => {
              if (draft !== null && readNumber(draft, rule).problem === null) setDraft(null);
            }}
          />
          {unit ? <span class="k-unit">{unit}</span> : null}
        </span>
      )}
    </Field>
  );
}

export interface SelectProps extends Common {
  readonly value: string;
  readonly options: readonly Option[];
  readonly onChange: (value: string) => void;
  readonly small?: boolean;
}

/** The platform's select with our border and arrow. */
export function Select({ value, options, onChange, small, disabled, ...frame }: SelectProps) {
  return (
    <Field {...frame}>
      {({ id, describedBy, invalid }) => (
        <span class="k-select-wrap">
          <select
            id={id}
            class={classNames("k-input k-select", small && "is-small")}
            value={value}
            disabled={disabled ?? false}
            aria-describedby={describedBy}
            aria-invalid={invalid || undefined}
            onChange={(event) => onChange(event.currentTarget.value)}
          >
            {options.map((option) => (
              <option key={option.value} value={option.value} disabled={option.disabled ?? false}>
                {option.label}
              </option>
            ))}
          </select>
          <Icon name="chevron-down" class="k-select-arrow" />
        </span>
      )}
    </Field>
  );
}

export interface SwitchProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly help?: string | undefined;
  readonly error?: string | null | undefined;
  readonly disabled?: boolean | undefined;
  readonly changed?: boolean | undefined;
  readonly aside?: ComponentChildren;
}

/** On or off, at once. */
export function Switch({ label, checked, onChange, help, error, disabled, changed, aside }: SwitchProps) {
  const id = useId();
  const describedBy = [error ? `${id}-error` : "", help ? `${id}-help` : ""].filter(Boolean).join(" ") || undefined;
  return (
    <div class="k-field is-switch">
      <div class="k-switch-row">
        <label class="k-switch">
          <input
            type="checkbox"
            role="switch"
            checked={checked}
            aria-checked={checked}
            disabled={disabled ?? false}
            aria-describedby={describedBy}
            onChange={(event) => onChange(event.currentTarget.checked)}
          />
          <span class="k-switch-track" aria-hidden="true" />
          <span class="k-label">
            {label}
            {changed ? <ChangedDot /> : null}
          </span>
        </label>
        {aside}
      </div>
      <FieldFault id={`${id}-error`} error={error} />
      {help ? (
        <p class="k-help" id={`${id}-help`}>
          {help}
        </p>
      ) : null}
    </div>
  );
}
