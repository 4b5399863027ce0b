import { Select } from "../../kit/index.ts";

/** Which of two classes the metrics speak about. Always visible for two-class targets. */
export function PositiveClass({
  classes,
  value,
  onChange,
}: {
  classes: readonly [string, string] | null;
  value: string | null;
  onChange: (value: string | null) => void;
}) {
  if (classes === null) return null;
  return (
    <div class="a-narrow">
      <Select
        label="Positive class"
        value={value ?? classes[1]}
        options={classes.map((name) => ({ value: name, label: name }))}
        onChange={(name) => onChange(name === classes[1] ? null : name)}
        help="Sensitivity, precision and curves speak about this class."
      />
    </div>
  );
}
