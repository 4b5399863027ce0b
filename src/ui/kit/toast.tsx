import { signal } from "@preact/signals";
import { IconButton } from "./button.tsx";
import { classNames } from "./class-names.ts";
import { Icon, type IconName } from "./icon.tsx";
import type { Tone } from "./tone.ts";

interface ToastEntry {
  readonly id: number;
  readonly message: string;
  readonly tone: Tone;
}

const MOST_TOASTS = 3;
const TOAST_MS = 8000;
const QUIET_MS = 5000;

const toasts = signal<readonly ToastEntry[]>([]);
const spoken = signal("");
let lastId = 0;

/** Shows a message for 8 s, at most three at once; faults (`bad`) stay until closed. The same text is read aloud. */
export function toast(message: string, tone: Tone = "plain"): void {
  lastId += 1;
  const id = lastId;
  toasts.value = [...toasts.value, { id, message, tone }].slice(-MOST_TOASTS);
  announce(message);
  if (tone !== "bad") setTimeout(() => dismiss(id), TOAST_MS);
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((entry) => entry.id !== id);
}

interface Waiting {
  at: number;
  text: string | null;
}
const lastByTopic = new Map<string, Waiting>();

/**
 * Has a screen reader say `text`. With a topic (a job, say) at most one message per 5 s is said about it: the first at once,
 * then the latest when the time is over.
 */
export function announce(text: string, topic?: string): void {
  if (topic === undefined) {
    say(text);
    return;
  }
  const now = Date.now();
  const before = lastByTopic.get(topic);
  if (before === undefined || (before.text === null && now - before.at >= QUIET_MS)) {
    lastByTopic.set(topic, { at: now, text: null });
    say(text);
    return;
  }
  if (before.text === null) setTimeout(() => sayWaiting(topic), QUIET_MS - (now - before.at));
  before.text = text;
}

function sayWaiting(topic: string): void {
  const entry = lastByTopic.get(topic);
  if (entry === undefined || entry.text === null) return;
  say(entry.text);
  lastByTopic.set(topic, { at: Date.now(), text: null });
}

/** A live region speaks only when its text changes, so a repeat gets an invisible difference. */
function say(text: string): void {
  spoken.value = spoken.value === text ? `${text}\u00a0` : text;
}

const ICON: Record<Tone, IconName> = { plain: "info", accent: "info", ok: "ok", warn: "warning", bad: "error" };

/** Where toasts appear and announcements are spoken. Mount it once, last in the page. */
export function ToastRegion() {
  return (
    <>
      <p class="sr-only" aria-live="polite" aria-atomic="true">
        {spoken}
      </p>
      <section class="k-toasts" aria-label="Messages" data-region="messages" tabIndex={-1}>
        {toasts.value.map((entry) => (
          <div key={entry.id} class={classNames("k-toast", `is-${entry.tone}`)}>
            <Icon name={ICON[entry.tone]} />
            <p>{entry.message}</p>
            <IconButton icon="cross" label="Dismiss" onClick={() => dismiss(entry.id)} />
          </div>
        ))}
      </section>
    </>
  );
}
