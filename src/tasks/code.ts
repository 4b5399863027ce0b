import vm from "node:vm";
import { type Node, parseExpressionAt } from "acorn";
import { InvalidArgumentError, messageOf } from "../core/errors.ts";
import { freeVariables } from "./free-variables.ts";
import type { TaskLike } from "./mirai-context.ts";
import type { TaskCode, TaskSource } from "./profile.ts";

/** What every daemon's global object has: the language's own names, and Node's. Names that this process added to its own do not count. */
const NODE_GLOBALS =
  `AbortController AbortSignal Blob BroadcastChannel Buffer ByteLengthQueuingStrategy CompressionStream CountQueuingStrategy Crypto
  CryptoKey CustomEvent DecompressionStream DOMException Event EventTarget File FormData Headers MessageChannel MessageEvent MessagePort Performance
  PerformanceEntry PerformanceMark PerformanceMeasure PerformanceObserver PerformanceObserverEntryList PerformanceResourceTiming ReadableByteStreamController
  ReadableStream ReadableStreamBYOBReader ReadableStreamBYOBRequest ReadableStreamDefaultController ReadableStreamDefaultReader Request Response
  SubtleCrypto TextDecoder TextDecoderStream TextEncoder TextEncoderStream TransformStream TransformStreamDefaultController URL URLSearchParams
  WritableStream WritableStreamDefaultController WritableStreamDefaultWriter atob btoa clearImmediate clearInterval clearTimeout console crypto fetch global
  performance process queueMicrotask setImmediate setInterval setTimeout structuredClone WebAssembly`.split(/\s+/);
const GLOBALS: ReadonlySet<string> = new Set([
  ...(vm.runInNewContext("Object.getOwnPropertyNames(globalThis)") as string[]),
  ...NODE_GLOBALS,
]);

/** Transpilers wrap named inner functions in it (esbuild's `keepNames`); a shipped function brings its own. */
const NAME_HELPER = "__name";
const CHECKED_KEPT = 1000;

/** Functions that were found self-contained, by source: checking costs a parse. */
const checked = new Map<string, TaskSource>();

/**
 * Code that can be sent, from what a user gives as a task.
 *
 * @param known names that the task's globals, or `everywhere`, put on the daemon's global object.
 * @throws {InvalidArgumentError} for what is no task; for a function that uses a variable from outside itself, with that variable's name.
 */
export function toTaskCode(task: TaskLike<never, unknown, never>, known: ReadonlySet<string> = new Set()): TaskCode {
  if (typeof task === "function") return sourceOf(task, known);
  if (typeof task !== "object" || task === null) {
    throw new InvalidArgumentError(`a task is a function or { module, export }, not ${task === null ? "null" : typeof task}`);
  }
  const module = task.module instanceof URL ? task.module.href : task.module;
  if (typeof module !== "string" || !module.startsWith("file:") || typeof task.export !== "string" || task.export === "") {
    throw new InvalidArgumentError(`a task is { module: file URL, export: function name }, not ${JSON.stringify(task)}`);
  }
  return { module, export: task.export };
}

function sourceOf(task: (...args: never[]) => unknown, known: ReadonlySet<string>): TaskSource {
  const text = Function.prototype.toString.call(task);
  const kept = known.size === 0 ? checked.get(text) : undefined;
  if (kept !== undefined) return kept;
  const label = task.name === "" ? "anonymous" : task.name;
  const { tree, source } = parsed(text, label);
  const free = freeVariables(tree);
  const missing = free.filter((name) => name !== NAME_HELPER && !GLOBALS.has(name) && !known.has(name));
  if (missing.length > 0) throw notSelfContained(label, missing);
  const whole = free.includes(NAME_HELPER) ? `((${NAME_HELPER}) => ${source})((f) => f)` : source;
  const code: TaskSource = { source: whole, label };
  if (checked.size >= CHECKED_KEPT) checked.clear();
  if (known.size === 0) checked.set(text, code);
  return code;
}

function notSelfContained(label: string, missing: readonly string[]): InvalidArgumentError {
  const names = missing.map((name) => `"${name}"`).join(", ");
  const isOne = missing.length === 1;
  const hint = missing.includes("require")
    ? ` In a task, load modules with await import("node:fs") or process.getBuiltinModule("node:fs").`
    : "";
  return new InvalidArgumentError(
    `task "${label}" uses ${names}, which ${isOne ? "is" : "are"} declared outside of it: nothing of the surrounding code travels to a daemon. Pass ` +
      `${isOne ? "it" : "them"} in args, constants or globals, or make the task a module reference.${hint}`,
    { details: { task: label, variables: missing } },
  );
}

/** A function's text as an expression. A method's text is none: it becomes the only member of an object. */
function parsed(text: string, label: string): { readonly tree: Node; readonly source: string } {
  if (/\{\s*\[native code\]\s*\}\s*$/.test(text))
    throw new InvalidArgumentError(`task "${label}" is bound or built in: its source cannot be read`);
  if (/^class\b/.test(text)) throw new InvalidArgumentError(`task "${label}" is a class; wrap its use in a function`);
  const asExpression = maybeParse(`(${text})`);
  if (asExpression !== null) return { tree: asExpression, source: `(${text})` };
  const asMethod = `(Object.values({ ${text} })[0])`;
  const tree = maybeParse(asMethod);
  if (tree !== null) return { tree, source: asMethod };
  throw new InvalidArgumentError(`the source of task "${label}" cannot be read: ${whyNot(`(${text})`)}`);
}

function maybeParse(text: string): Node | null {
  try {
    return parseExpressionAt(text, 0, { ecmaVersion: "latest", allowAwaitOutsideFunction: false });
  } catch {
    return null;
  }
}

function whyNot(text: string): string {
  try {
    parseExpressionAt(text, 0, { ecmaVersion: "latest" });
    return "it is no function";
  } catch (error) {
    return messageOf(error);
  }
}
