import { BadFrameError } from "../wire/bad-frame.ts";

/** From the dispatcher to an executor. An executor gets one `run` at a time. */
export type HostMessage =
  | { readonly type: "run"; readonly id: number; readonly module: string; readonly export: string; readonly args: unknown }
  | { readonly type: "abort"; readonly id: number };

/** From an executor to the dispatcher. `ready` comes once and first; `note`s of a task come before its `done` or `failed`. */
export type ExecutorMessage =
  | { readonly type: "ready" }
  | { readonly type: "note"; readonly id: number; readonly value: unknown }
  | { readonly type: "done"; readonly id: number; readonly value: unknown }
  | { readonly type: "failed"; readonly id: number; readonly error: unknown };

/** @throws {BadFrameError} for anything that an executor may not send. */
export function toExecutorMessage(value: unknown): ExecutorMessage {
  if (typeof value !== "object" || value === null || !("type" in value)) throw new BadFrameError("a message must be an object with a type");
  if (value.type === "ready") return { type: "ready" };
  if (!("id" in value) || typeof value.id !== "number") throw new BadFrameError("a message must name its task");
  switch (value.type) {
    case "note":
    case "done":
      return { type: value.type, id: value.id, value: "value" in value ? value.value : undefined };
    case "failed":
      return { type: "failed", id: value.id, error: "error" in value ? value.error : undefined };
    default:
      throw new BadFrameError(`an executor cannot send ${JSON.stringify(value.type)}`);
  }
}

/** @throws {BadFrameError} for anything that a dispatcher may not send. */
export function toHostMessage(value: unknown): HostMessage {
  if (typeof value !== "object" || value === null) throw new BadFrameError("a message must be an object");
  const message = value as Partial<Record<string, unknown>>;
  if (typeof message.id !== "number") throw new BadFrameError("a message must name its task");
  if (message.type === "abort") return { type: "abort", id: message.id };
  if (message.type === "run" && typeof message.module === "string" && typeof message.export === "string") {
    return { type: "run", id: message.id, module: message.module, export: message.export, args: message.args };
  }
  throw new BadFrameError(`a dispatcher cannot send ${JSON.stringify(message.type)}`);
}
