/** Numbers, durations and sizes as the page writes them. Pure. */

const MINUS = "\u2212";
const NONE = "\u2013";

const COUNT = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** `53,940`. */
export function formatCount(value: number): string {
  return Number.isFinite(value) ? COUNT.format(value).replace("-", MINUS) : NONE;
}

/** Digits after the point so that a metric has at least three significant ones: 0.914 → 3, 12.4 → 1, 0.00123 → 5. */
export function metricDigits(value: number): number {
  if (!Number.isFinite(value) || value === 0) return 3;
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  return Math.min(12, Math.max(0, exponent >= 0 ? Math.max(0, 2 - exponent) : exponent === -1 ? 3 : 2 - exponent));
}

/** A metric with a fixed number of digits, or its own; missing is a dash. Very large and very small ones get an exponent. */
export function formatMetric(value: number | null | undefined, digits?: number): string {
  if (value === null || value === undefined || Number.isNaN(value)) return NONE;
  if (!Number.isFinite(value)) return value > 0 ? "∞" : `${MINUS}∞`;
  const size = Math.abs(value);
  if (size >= 1e7 || (size > 0 && size < 1e-5)) return value.toExponential(2).replace("e+", "e").replace(/-/g, MINUS);
  const places = digits ?? metricDigits(value);
  return value.toLocaleString("en", { minimumFractionDigits: places, maximumFractionDigits: places }).replace("-", MINUS);
}

/** A value of the data: whole numbers as they are, others with three significant digits. */
export function formatValue(value: number | null | undefined): string {
  return typeof value === "number" && Number.isInteger(value) && Math.abs(value) < 1e15 ? formatCount(value) : formatMetric(value);
}

/** One number of digits for a whole column, from its largest magnitude. */
export function columnDigits(values: readonly (number | null | undefined)[]): number {
  let largest = 0;
  for (const value of values) if (typeof value === "number" && Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  return metricDigits(largest);
}

/** `0.4 s`, `44 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds) || seconds < 0) return NONE;
  if (seconds < 0.0995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return joinUnits(Math.floor(whole / 60), "min", whole % 60, "s");
  const minutes = Math.round(whole / 60);
  return joinUnits(Math.floor(minutes / 60), "h", minutes % 60, "min");
}

function joinUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** `812 B`, `19 KB`, `4.2 MB`, in steps of 1,000. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return NONE;
  const units = ["B", "KB", "MB", "GB", "TB"];
  let size = bytes;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit > 0 && size < 9.95 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

/** A share of one as percent: `43 %`, `0.4 %`, never `100 %` for less than all. */
export function formatShare(share: number): string {
  if (!Number.isFinite(share)) return NONE;
  const percent = share * 100;
  if (percent > 0 && percent < 1) return percent < 0.1 ? "< 0.1 %" : `${percent.toFixed(1)} %`;
  if (percent > 99 && percent < 100) return percent > 99.9 ? "> 99.9 %" : `${percent.toFixed(1)} %`;
  return `${Math.round(percent)} %`;
}
