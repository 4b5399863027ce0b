/** What the keys ask for. Views answer to the ones that concern them through `onCommand`. */
export type Command =
  | "start"
  | "data"
  | "jobs"
  | "runs"
  | "compare"
  | "daemons"
  | "new"
  | "help"
  | "submit"
  | "cancel"
  | "open"
  | "next-region"
  | "previous-region";

export interface Shortcut {
  readonly keys: string;
  readonly command: Command;
  readonly does: string;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: "g s", command: "start", does: "Start" },
  { keys: "g d", command: "data", does: "Data" },
  { keys: "g j", command: "jobs", does: "Jobs" },
  { keys: "g r", command: "runs", does: "Runs" },
  { keys: "g c", command: "compare", does: "Compare" },
  { keys: "g w", command: "daemons", does: "Daemons" },
  { keys: "n", command: "new", does: "New model" },
  { keys: "o", command: "open", does: "Open a file" },
  { keys: "Ctrl Enter", command: "submit", does: "Train" },
  { keys: ".", command: "cancel", does: "Cancel this job (asks first)" },
  { keys: "F6", command: "next-region", does: "Next region of the page" },
  { keys: "?", command: "help", does: "This list" },
];

export interface KeyPress {
  readonly key: string;
  readonly ctrl: boolean;
  readonly meta: boolean;
  readonly alt: boolean;
  readonly shift: boolean;
  /** Whether the focus is in a field where keys write text. */
  readonly typing: boolean;
}

/**
 * The command of a key press, given the key before it (`g` waits for a second one). Pure. `singleKeys` false leaves only
 * those with Ctrl and the function keys.
 */
export function commandOf(
  press: KeyPress,
  before: string | null,
  singleKeys: boolean,
): { readonly command: Command | null; readonly pending: string | null } {
  const none = { command: null, pending: null };
  if (press.key === "F6") return { command: press.shift ? "previous-region" : "next-region", pending: null };
  if (press.key === "Enter" && (press.ctrl || press.meta) && !press.alt) return { command: "submit", pending: null };
  if (press.typing || press.ctrl || press.meta || press.alt || !singleKeys) return none;
  const keys = before === null ? press.key : `${before} ${press.key}`;
  const hit = SHORTCUTS.find((shortcut) => shortcut.keys === keys);
  if (hit !== undefined) return { command: hit.command, pending: null };
  return { command: null, pending: before === null && press.key === "g" ? "g" : null };
}

type Handler = () => void;
const handlers = new Map<Command, Handler[]>();

/** The newest handler of a command wins. @returns a function that takes it away. */
export function onCommand(command: Command, handler: Handler): () => void {
  handlers.set(command, [...(handlers.get(command) ?? []), handler]);
  return () =>
    handlers.set(
      command,
      (handlers.get(command) ?? []).filter((other) => other !== handler),
    );
}

/** @returns whether somebody answered. */
export function runCommand(command: Command): boolean {
  const handler = handlers.get(command)?.at(-1);
  handler?.();
  return handler !== undefined;
}

const PENDING_MS = 1_200;

/** Listens to the whole page. */
export function startShortcuts(singleKeys: () => boolean): void {
  let pending: string | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const press = {
      key: event.key,
      ctrl: event.ctrlKey,
      meta: event.metaKey,
      alt: event.altKey,
      shift: event.shiftKey,
      typing: isTyping(event.target),
    };
    // A modal owns the keyboard; its own buttons answer to Enter.
    if (document.querySelector("dialog[open]") !== null && press.key !== "F6") return;
    const result = commandOf(press, pending, singleKeys());
    pending = result.pending;
    clearTimeout(timer);
    if (pending !== null) timer = setTimeout(() => (pending = null), PENDING_MS);
    if (result.command !== null && runCommand(result.command)) event.preventDefault();
  });
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button", "range", "file", "submit"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}
