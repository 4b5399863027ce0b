/** Scales and ticks. Pure. */

export interface Tick {
  readonly value: number;
  readonly label: string;
}

export interface Scale {
  readonly domain: readonly [number, number];
  readonly range: readonly [number, number];
  /** Pixel of a value. */
  readonly at: (value: number) => number;
  /** Value of a pixel. */
  readonly invert: (pixel: number) => number;
  readonly ticks: readonly Tick[];
}

/** A linear scale; `ticks` is about how many to aim for. */
export function linearScale(domain: readonly [number, number], range: readonly [number, number], ticks = 5): Scale {
  const [low, high] = domain;
  const span = high - low || 1;
  const length = range[1] - range[0];
  const values = linearTicks(low, high, ticks);
  const step = values.length > 1 ? (values[1] as number) - (values[0] as number) : span;
  return {
    domain,
    range,
    at: (value) => range[0] + ((value - low) / span) * length,
    invert: (pixel) => low + ((pixel - range[0]) / (length || 1)) * span,
    ticks: values.map((value) => ({ value, label: formatTick(value, step) })),
  };
}

/** A logarithmic scale; both ends must be positive. */
export function logScale(domain: readonly [number, number], range: readonly [number, number], ticks = 6): Scale {
  const [low, high] = [Math.log10(domain[0]), Math.log10(domain[1])];
  const span = high - low || 1;
  const length = range[1] - range[0];
  return {
    domain,
    range,
    at: (value) => range[0] + ((Math.log10(value) - low) / span) * length,
    invert: (pixel) => 10 ** (low + ((pixel - range[0]) / (length || 1)) * span),
    ticks: logTicks(domain[0], domain[1], ticks).map((value) => ({ value, label: formatTick(value) })),
  };
}

/** Step of 1, 2 or 5 times a power of ten that gives about `count` ticks. */
export function tickStep(span: number, count: number): number {
  if (!(span > 0) || count < 1) return 1;
  const raw = span / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const ratio = raw / power;
  return power * (ratio >= 7.07 ? 10 : ratio >= 3.16 ? 5 : ratio >= 1.41 ? 2 : 1);
}

/** Multiples of a round step inside [low, high], free of rounding noise. */
export function linearTicks(low: number, high: number, count = 5): number[] {
  if (!Number.isFinite(low) || !Number.isFinite(high) || high <= low) return Number.isFinite(low) ? [low] : [];
  const step = tickStep(high - low, count);
  const digits = stepDigits(step);
  const ticks: number[] = [];
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  for (let i = first; i <= last; i++) ticks.push(Number((i * step).toFixed(digits)) + 0);
  return ticks;
}

/** Powers of ten inside [low, high], with 2 and 5 between them when there is room; linear ticks within less than a decade. */
export function logTicks(low: number, high: number, count = 6): number[] {
  if (!(low > 0) || !(high > low)) return low > 0 ? [low] : [];
  const decades = Math.log10(high / low);
  if (decades < 0.7) return linearTicks(low, high, count);
  const factors = decades * 3 <= count * 1.6 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / count));
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    if (factors.length === 1 && power % every !== 0) continue;
    for (const factor of factors) {
      const value = Number(`${factor}e${power}`);
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) ticks.push(value);
    }
  }
  return ticks;
}

/** [low, high] widened to round numbers, so that marks do not touch the frame. A single value gets room on both sides. */
export function niceDomain(low: number, high: number, count = 5): readonly [number, number] {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  if (low === high) {
    const room = Math.abs(low) * 0.1 || 1;
    return [low - room, high + room];
  }
  const step = tickStep(high - low, count);
  const digits = stepDigits(step);
  return [Number((Math.floor(low / step + 1e-9) * step).toFixed(digits)), Number((Math.ceil(high / step - 1e-9) * step).toFixed(digits))];
}

/** A tick as short text: `0.25`, `1,500`, `20k`, `3M`, `1e-6`; digits come from the distance between ticks. */
export function formatTick(value: number, step: number = Math.abs(value)): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const sign = value < 0 ? "\u2212" : "";
  if (size >= 1e10 || size < 1e-4)
    return (
      sign +
      size
        .toExponential(2)
        .replace(/\.?0+e/, "e")
        .replace("e+", "e")
        .replace("e-", "e\u2212")
    );
  if (size >= 1e6) return `${sign}${trimmed(size / 1e6, stepDigits(step / 1e6))}M`;
  if (size >= 1e4) return `${sign}${trimmed(size / 1e3, stepDigits(step / 1e3))}k`;
  return sign + size.toLocaleString("en", { minimumFractionDigits: stepDigits(step), maximumFractionDigits: stepDigits(step) });
}

function trimmed(value: number, digits: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: Math.min(digits, 6) });
}

/** Digits after the point that a step needs. */
export function stepDigits(step: number): number {
  if (!(step > 0) || !Number.isFinite(step)) return 0;
  let digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const scaled = step * 10 ** digits;
  if (Math.abs(scaled - Math.round(scaled)) > 1e-6) digits += 1;
  return Math.min(20, digits);
}
