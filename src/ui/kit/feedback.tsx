import type { ComponentChildren } from "preact";
import { classNames } from "./class-names.ts";
import { Icon, type IconName } from "./icon.tsx";
import type { Tone } from "./tone.ts";

export interface ProgressProps {
  /** Null when the end is not known. */
  readonly value: number | null;
  readonly max?: number;
  /** Says what moves, e.g. `Training`; read aloud. */
  readonly label: string;
  /** Text beside the bar, e.g. `524 of 1,210 fits`; the share by default. */
  readonly text?: ComponentChildren;
  readonly tone?: Tone;
  readonly thin?: boolean;
}

/** A bar that always comes with its number as text. */
export function Progress({ value, max = 1, label, text, tone = "accent", thin }: ProgressProps) {
  const share = value === null || max <= 0 ? null : Math.min(1, Math.max(0, value / max));
  return (
    <div class={classNames("k-progress", `is-${tone}`, thin && "is-thin")}>
      <div
        class={classNames("k-progress-track", share === null && "is-unknown")}
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={share === null ? undefined : Math.floor(share * 100)}
      >
        <div class="k-progress-bar" style={share === null ? undefined : { transform: `scaleX(${share})` }} />
      </div>
      <span class="k-progress-text">{text ?? (share === null ? "…" : `${Math.floor(share * 100)} %`)}</span>
    </div>
  );
}

/** A state in one word with its glyph. */
export function Pill({ tone = "plain", glyph, children }: { tone?: Tone; glyph?: string | undefined; children?: ComponentChildren }) {
  return (
    <span class={classNames("k-pill", `is-${tone}`)}>
      {glyph ? (
        <span class="k-pill-glyph" aria-hidden="true">
          {glyph}
        </span>
      ) : null}
      <span>{children}</span>
    </span>
  );
}

const NOTE_ICON: Record<Tone, IconName> = { plain: "info", accent: "info", ok: "ok", warn: "warning", bad: "error" };
const NOTE_WORD: Record<Tone, string> = { plain: "Note", accent: "Note", ok: "Done", warn: "Attention", bad: "Problem" };

export interface NoteProps {
  readonly tone?: Tone;
  readonly title: ComponentChildren;
  readonly children?: ComponentChildren;
  readonly actions?: ComponentChildren;
}

/** A fact worth stopping for: what it is, where, and buttons that put it right. */
export function Note({ tone = "plain", title, children, actions }: NoteProps) {
  return (
    <div class={classNames("k-note", `is-${tone}`)} role="note">
      <Icon name={NOTE_ICON[tone]} label={NOTE_WORD[tone]} class="k-note-icon" />
      <div class="k-note-body">
        <p class="k-note-title">{title}</p>
        {children ? <div class="k-note-text">{children}</div> : null}
        {actions ? <div class="k-note-actions">{actions}</div> : null}
      </div>
    </div>
  );
}

/** What will be here, and the action that fills it. */
export function Empty({
  title,
  children,
  actions,
  icon,
}: {
  title: string;
  children?: ComponentChildren;
  actions?: ComponentChildren;
  icon?: IconName;
}) {
  return (
    <div class="k-empty">
      {icon ? <Icon name={icon} size={24} /> : null}
      <p class="k-empty-title">{title}</p>
      {children ? <div class="k-empty-text">{children}</div> : null}
      {actions ? <div class="k-empty-actions">{actions}</div> : null}
    </div>
  );
}

/** Keeps the place of what is on its way. `lines` of text, or a block of a height. Appears after 150 ms. */
export function Skeleton({ lines = 3, height }: { lines?: number; height?: number }) {
  return (
    <div class="k-skeleton" role="status">
      <span class="sr-only">Loading</span>
      {height === undefined ? (
        Array.from({ length: lines }, (_, i) => (
          <span key={i} class="k-skeleton-line" style={{ inlineSize: `${i === lines - 1 ? 60 : 100 - ((i * 13) % 20)}%` }} />
        ))
      ) : (
        <span class="k-skeleton-block" style={{ blockSize: `${height}px` }} />
      )}
    </div>
  );
}
