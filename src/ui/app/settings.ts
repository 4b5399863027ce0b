import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
export type Motion = "system" | "reduced";

const KEY = "trainyard.settings";

interface Saved {
  readonly theme: Theme;
  readonly motion: Motion;
  readonly shortcuts: boolean;
}
const DEFAULTS: Saved = { theme: "system", motion: "system", shortcuts: true };

function saved(): Saved {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Saved>) };
  } catch {
    return DEFAULTS;
  }
}

const first = saved();
export const theme = signal<Theme>(first.theme);
export const motion = signal<Motion>(first.motion);
export const shortcutsOn = signal<boolean>(first.shortcuts);

/** Writes the settings to the page and keeps them. */
export function startSettings(): void {
  effect(() => {
    const root = document.documentElement;
    if (theme.value === "system") delete root.dataset.theme;
    else root.dataset.theme = theme.value;
    if (motion.value === "reduced") root.dataset.motion = "reduced";
    else delete root.dataset.motion;
    keep(KEY, JSON.stringify({ theme: theme.value, motion: motion.value, shortcuts: shortcutsOn.value }));
  });
}

/** Whether the page looks dark now. */
export function looksDark(): boolean {
  return theme.value === "dark" || (theme.value === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
}

const SESSION_KEY = "trainyard.session";

/** The session this browser was in last, on this origin. */
export function rememberedSession(): string | null {
  try {
    return localStorage.getItem(SESSION_KEY);
  } catch {
    return null;
  }
}

export function rememberSession(id: string): void {
  keep(SESSION_KEY, id);
}

/** Small things such as drafts. Storage may be full or forbidden; the page works without it. */
export function keep(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Nothing depends on it.
  }
}

export function kept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
