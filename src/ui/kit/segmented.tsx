import { useId } from "preact/hooks";
import { classNames } from "./class-names.ts";

export interface Option<V extends string = string> {
  readonly value: V;
  readonly label: string;
  readonly disabled?: boolean;
  /** Why it cannot be chosen, or one more fact; shown on hover and read aloud. */
  readonly hint?: string;
}

export interface SegmentedProps<V extends string> {
  readonly label: string;
  readonly value: V;
  readonly options: readonly Option<V>[];
  readonly onChange: (value: V) => void;
  /** Shows the label above instead of only saying it. */
  readonly showLabel?: boolean;
  readonly small?: boolean;
  readonly disabled?: boolean | undefined;
}

/** Two to five choices side by side; radio buttons underneath, so arrows move and forms work. */
export function Segmented<V extends string>({ label, value, options, onChange, showLabel, small, disabled }: SegmentedProps<V>) {
  const name = useId();
  return (
    <fieldset class={classNames("k-segmented", small && "is-small")} disabled={disabled ?? false}>
      <legend class={showLabel ? "k-label" : "sr-only"}>{label}</legend>
      <div class="k-segments">
        {options.map((option) => (
          <label key={option.value} class="k-segment" title={option.hint}>
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              disabled={option.disabled ?? false}
              onChange={() => onChange(option.value)}
            />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
