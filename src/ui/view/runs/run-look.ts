import type { XKind } from "../../chart/live/x-axis.ts";
import type { RunX } from "../../store/runs-series.ts";

/** How charts of runs are looked at; all of it is in the address, and can be kept as a layout. */
export interface RunLook {
  readonly x: RunX;
  readonly xLog: boolean;
  readonly yLog: boolean;
  /** Half-life of the smoothing: steps, or ms on an axis of time; 0 is none. */
  readonly smooth: number;
  /** Keys to show: words and patterns with `*`, alternatives after a comma; empty for all. */
  readonly filter: string;
  /** Keys shown first. */
  readonly pins: readonly string[];
  /** Groups that a person has opened or closed. */
  readonly open: Readonly<Record<string, boolean>>;
}

export const PLAIN_LOOK: RunLook = { x: "step", xLog: false, yLog: false, smooth: 0, filter: "", pins: [], open: {} };

/** Reads a look from an address. Unknown parts are left out. Pure. */
export function lookFrom(query: URLSearchParams): RunLook {
  const open = Object.fromEntries([
    ...list(query.get("open")).map((name) => [name, true]),
    ...list(query.get("closed")).map((name) => [name, false]),
  ]);
  return toLook({
    x: query.get("x"),
    xLog: query.get("xscale") === "log",
    yLog: query.get("yscale") === "log",
    smooth: Number(query.get("smooth") ?? 0),
    filter: query.get("filter") ?? "",
    pins: list(query.get("pins")),
    open,
  });
}

/** A look from anything that was kept: what does not fit becomes plain. Pure. */
export function toLook(from: unknown): RunLook {
  const { x, xLog, yLog, smooth, filter, pins, open } = (from ?? {}) as Readonly<Record<string, unknown>>;
  const isX = x === "step" || x === "time" || x === "relative" || (typeof x === "string" && x.startsWith("key:"));
  return {
    x: isX ? (x as RunX) : "step",
    xLog: xLog === true,
    yLog: yLog === true,
    smooth: typeof smooth === "number" && smooth > 0 && Number.isFinite(smooth) ? smooth : 0,
    filter: typeof filter === "string" ? filter : "",
    pins: Array.isArray(pins) ? pins.filter((pin) => typeof pin === "string") : [],
    open:
      open !== null && typeof open === "object"
        ? Object.fromEntries(Object.entries(open).filter(([, isOpen]) => typeof isOpen === "boolean"))
        : {},
  };
}

/** Writes a look into the parameters of an address; what is plain is left out. Pure but for `query`. */
export function writeLook(query: URLSearchParams, look: RunLook): void {
  const put = (name: string, value: string): void => {
    if (value === "") query.delete(name);
    else query.set(name, value);
  };
  put("x", look.x === "step" ? "" : look.x);
  put("xscale", look.xLog ? "log" : "");
  put("yscale", look.yLog ? "log" : "");
  put("smooth", look.smooth === 0 ? "" : String(look.smooth));
  put("filter", look.filter);
  put("pins", look.pins.map(encodeURIComponent).join(","));
  const groups = Object.entries(look.open);
  put("open", groups.flatMap(([name, isOpen]) => (isOpen ? [encodeURIComponent(name)] : [])).join(","));
  put("closed", groups.flatMap(([name, isOpen]) => (isOpen ? [] : [encodeURIComponent(name)])).join(","));
}

function list(text: string | null): string[] {
  return (text ?? "").split(",").flatMap((part) => (part === "" ? [] : [decodeURIComponent(part)]));
}

export function xKindOf(x: RunX): XKind {
  return x === "time" ? "clock" : x === "relative" ? "duration" : "number";
}

export function xLabelOf(x: RunX): string {
  return x === "step" ? "Step" : x === "time" ? "Time" : x === "relative" ? "Since start" : x.slice(4);
}

/** What smoothing there is on an axis: half-lives in its units. Another series as x has none. */
export function smoothings(x: RunX): readonly { readonly value: string; readonly label: string }[] {
  const raw = { value: "0", label: "Raw" };
  if (x === "step") return [raw, ...[2, 8, 32, 128, 512].map((steps) => ({ value: String(steps), label: `Smooth ${steps} steps` }))];
  if (x.startsWith("key:")) return [raw];
  return [
    raw,
    { value: "5000", label: "Smooth 5 s" },
    { value: "30000", label: "Smooth 30 s" },
    { value: "120000", label: "Smooth 2 min" },
    { value: "600000", label: "Smooth 10 min" },
  ];
}

export interface KeyGroup {
  readonly name: string;
  readonly title: string;
  readonly keys: readonly string[];
}

export const PINNED = "pinned";
const SYSTEM = "sys";

/** Keys by what stands before the first slash: pinned ones first, system series last. Pure. */
export function groupKeys(keys: readonly string[], pins: readonly string[]): readonly KeyGroup[] {
  const groups = new Map<string, string[]>();
  for (const key of keys) {
    const slash = key.indexOf("/");
    const name = slash <= 0 ? "" : key.slice(0, slash);
    const members = groups.get(name);
    if (members === undefined) groups.set(name, [key]);
    else members.push(key);
  }
  const order = (name: string): number => (name === "" ? 0 : name === SYSTEM ? 2 : 1);
  const named = [...groups].sort(([a], [b]) => order(a) - order(b) || a.localeCompare(b));
  const pinned = pins.filter((pin) => keys.includes(pin));
  return [
    ...(pinned.length === 0 ? [] : [{ name: PINNED, title: "Pinned", keys: pinned }]),
    ...named.map(([name, members]) => ({
      name: name === "" ? "top" : name,
      title: name === "" ? "Metrics" : name === SYSTEM ? "System" : name,
      keys: members.sort((a, b) => a.localeCompare(b, "en", { numeric: true })),
    })),
  ];
}

/** Keys that match one of the alternatives between commas: all of its words, each a part of the name or a pattern of the whole. Pure. */
export function matchingKeys(keys: readonly string[], filter: string): readonly string[] {
  const alternatives = filter
    .toLowerCase()
    .split(",")
    .map((part) => part.split(/\s+/).filter((word) => word !== ""))
    .filter((words) => words.length > 0)
    .map((words) => words.map(wordTest));
  if (alternatives.length === 0) return keys;
  return keys.filter((key) => alternatives.some((tests) => tests.every((test) => test.test(key.toLowerCase()))));
}

function wordTest(word: string): RegExp {
  const pattern = word
    .split("*")
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*");
  return new RegExp(word.includes("*") ? `^${pattern}$` : pattern);
}
