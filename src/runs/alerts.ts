import { InvalidArgumentError } from "../core/errors.ts";
import { isObject } from "./parse-points.ts";
import type { PointBatch } from "./point-batch.ts";
import type { Alert } from "./run-log.ts";

/** What to watch for in a run. NaN and infinities and a lost lease are always watched for. */
export type AlertRule =
  | { readonly rule: "threshold"; readonly key: string; readonly above?: number; readonly below?: number }
  /** The mean of the last `window` values is above `factor` times the least such mean so far. For series that should fall and are positive. */
  | { readonly rule: "divergence"; readonly key: string; readonly factor: number; readonly window: number }
  /** The last `window` values have not gone below the best before them by more than `min_delta`; above it, with goal `max`. */
  | { readonly rule: "plateau"; readonly key: string; readonly window: number; readonly min_delta: number; readonly goal: "min" | "max" }
  /** The reporter is there, but has sent no points for so long. */
  | { readonly rule: "stall"; readonly seconds: number };

const RULES_MAX = 100;

/** Reads the rules of a run and fills in defaults. @throws {InvalidArgumentError} naming the rule and the field. */
export function toAlertRules(given: unknown): readonly AlertRule[] {
  if (given === undefined) return [];
  if (!Array.isArray(given) || given.length > RULES_MAX)
    throw new InvalidArgumentError(`alerts must be a list of at most ${RULES_MAX} rules.`);
  return given.map((rule: unknown, i) => toAlertRule(rule, `alerts[${i}]`));
}

function toAlertRule(given: unknown, where: string): AlertRule {
  if (!isObject(given)) throw new InvalidArgumentError(`${where} must be an object.`);
  const number = (field: string, fallback: number | undefined, min: number): number => {
    const value = given[field] ?? fallback;
    if (typeof value === "number" && Number.isFinite(value) && value >= min) return value;
    throw new InvalidArgumentError(`${where}.${field} must be a number from ${min}, got ${JSON.stringify(given[field])}.`);
  };
  const key = (): string => {
    if (typeof given.key === "string" && given.key !== "") return given.key;
    throw new InvalidArgumentError(`${where}.key must name a series.`);
  };
  switch (given.rule) {
    case "threshold": {
      const bounds = ["above", "below"].filter((name) => given[name] !== undefined);
      if (bounds.length === 0) throw new InvalidArgumentError(`${where} needs above or below.`);
      return {
        rule: "threshold",
        key: key(),
        ...Object.fromEntries(bounds.map((name) => [name, number(name, undefined, -Number.MAX_VALUE)])),
      };
    }
    case "divergence":
      return { rule: "divergence", key: key(), factor: number("factor", 2, 1), window: Math.floor(number("window", 5, 1)) };
    case "plateau": {
      const goal = given.goal === "max" ? "max" : "min";
      return { rule: "plateau", key: key(), window: Math.floor(number("window", 100, 1)), min_delta: number("min_delta", 0, 0), goal };
    }
    case "stall":
      return { rule: "stall", seconds: number("seconds", 300, 1) };
    default:
      throw new InvalidArgumentError(`${where}.rule must be threshold, divergence, plateau or stall, got ${JSON.stringify(given.rule)}.`);
  }
}

/** Says something when a condition begins, and nothing more until it has ended. */
class Latch {
  #isOn = false;

  rises(isOn: boolean): boolean {
    const rises = isOn && !this.#isOn;
    this.#isOn = isOn;
    return rises;
  }
}

type Watch = (step: number, value: number) => string | null;

/** Watches the points of one run. What it remembers starts anew with the server. Cost: O(1) a value and rule. */
export class AlertWatch {
  readonly #nonFinite = new Map<string, Latch>();
  readonly #byKey = new Map<string, { readonly rule: string; readonly watch: Watch }[]>();
  readonly #stalls: { readonly seconds: number; readonly latch: Latch }[] = [];

  constructor(rules: readonly AlertRule[]) {
    for (const rule of rules) {
      if (rule.rule === "stall") {
        this.#stalls.push({ seconds: rule.seconds, latch: new Latch() });
        continue;
      }
      const watches = this.#byKey.get(rule.key) ?? [];
      watches.push({ rule: rule.rule, watch: toWatch(rule) });
      this.#byKey.set(rule.key, watches);
    }
  }

  /** What a batch gives cause for. */
  check(batch: PointBatch): Alert[] {
    const alerts: Alert[] = [];
    for (const { key, rows, values, nulls } of batch.columns) {
      const watches = this.#byKey.get(key);
      const isNull = nulls === null ? null : new Set(nulls);
      for (let i = 0; i < values.length; i++) {
        const value = values[i]!;
        const isUsual = value - value === 0;
        if (isNull?.has(i) || (isUsual && watches === undefined && !this.#nonFinite.has(key))) continue;
        const step = batch.steps[rows === null ? i : rows[i]!]!;
        if (this.#turnsNonFinite(key, !isUsual))
          alerts.push({ rule: "non_finite", key, step, message: `${key} is ${value} at step ${step}.` });
        for (const { rule, watch } of watches ?? []) {
          const message = watch(step, value);
          if (message !== null) alerts.push({ rule, key, step, message: `${key} ${message}` });
        }
      }
    }
    return alerts;
  }

  /** What silence gives cause for. */
  checkStall(silentSeconds: number): Alert[] {
    return this.#stalls
      .filter(({ seconds, latch }) => latch.rises(silentSeconds >= seconds))
      .map(({ seconds }) => ({
        rule: "stall",
        key: null,
        step: null,
        message: `No points for ${seconds} s, although the reporter is there.`,
      }));
  }

  #turnsNonFinite(key: string, isOn: boolean): boolean {
    let latch = this.#nonFinite.get(key);
    if (latch === undefined) {
      if (!isOn) return false;
      latch = new Latch();
      this.#nonFinite.set(key, latch);
    }
    return latch.rises(isOn);
  }
}

function toWatch(rule: Exclude<AlertRule, { rule: "stall" }>): Watch {
  const latch = new Latch();
  switch (rule.rule) {
    case "threshold": {
      const { above = Number.POSITIVE_INFINITY, below = Number.NEGATIVE_INFINITY } = rule;
      return (step, value) => {
        if (!latch.rises(value > above || value < below)) return null;
        return `is ${value} at step ${step}, ${value > above ? `above ${above}` : `below ${below}`}.`;
      };
    }
    case "divergence": {
      const last: number[] = [];
      let least = Number.POSITIVE_INFINITY;
      return (step, value) => {
        if (!Number.isFinite(value)) return null;
        last.push(value);
        if (last.length > rule.window) last.shift();
        if (last.length < rule.window) return null;
        const mean = last.reduce((sum, v) => sum + v, 0) / last.length;
        least = Math.min(least, mean);
        return latch.rises(least > 0 && mean > rule.factor * least) ? `diverges: ${mean} at step ${step}, after ${least}.` : null;
      };
    }
    case "plateau": {
      const sign = rule.goal === "min" ? 1 : -1;
      let best = Number.POSITIVE_INFINITY;
      let since = 0;
      return (step, value) => {
        if (!Number.isFinite(value)) return null;
        const isBetter = sign * value < best - rule.min_delta;
        since = isBetter ? 0 : since + 1;
        if (isBetter) best = sign * value;
        return latch.rises(since >= rule.window) ? `has not improved for ${rule.window} points, at step ${step}.` : null;
      };
    }
  }
}
