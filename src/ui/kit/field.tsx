import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { classNames } from "./class-names.ts";
import { Icon } from "./icon.tsx";

export interface FieldParts {
  readonly id: string;
  /** For the control's `aria-describedby`; undefined when there is nothing to say. */
  readonly describedBy: string | undefined;
  readonly invalid: boolean;
}

export interface FieldProps {
  readonly label: string;
  readonly help?: string | undefined;
  readonly error?: string | null | undefined;
  readonly changed?: boolean | undefined;
  /** Beside the label, at the end. */
  readonly aside?: ComponentChildren;
  readonly hideLabel?: boolean | undefined;
  readonly children: (parts: FieldParts) => ComponentChildren;
}

/** Label above, control, then help and the fault, tied together for screen readers. */
export function Field({ label, help, error, changed, aside, hideLabel, children }: FieldProps) {
  const id = useId();
  const describedBy = [error ? `${id}-error` : "", help ? `${id}-help` : ""].filter(Boolean).join(" ") || undefined;
  return (
    <div class={classNames("k-field", error && "is-invalid")}>
      <div class={hideLabel && !aside ? "sr-only" : "k-field-head"}>
        <label for={id} class={hideLabel ? "sr-only" : "k-label"}>
          {label}
          {changed ? <ChangedDot /> : null}
        </label>
        {aside}
      </div>
      {children({ id, describedBy, invalid: Boolean(error) })}
      <FieldFault id={`${id}-error`} error={error} />
      {help ? (
        <p class="k-help" id={`${id}-help`}>
          {help}
        </p>
      ) : null}
    </div>
  );
}

/** The fault under a control. */
export function FieldFault({ id, error }: { id: string; error: string | null | undefined }) {
  if (!error) return null;
  return (
    <p class="k-fault" id={id}>
      <Icon name="error" size={14} />
      <span>{error}</span>
    </p>
  );
}

export function ChangedDot() {
  return (
    <span class="k-changed" title="Changed from the default">
      <span class="sr-only"> (changed)</span>
    </span>
  );
}
