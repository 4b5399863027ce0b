import type { PromptEntry, PromptRunInfo } from "../../../client/index.ts";

type Of<Kind extends PromptEntry["kind"]> = Extract<PromptEntry, { readonly kind: Kind }>;
export type Version = Of<"version">;
export type Gradient = Of<"gradient">;
export type Score = Of<"score">;

/** A text that is learned. */
export interface Learned {
  readonly variable: string;
  readonly role: string;
  /** Oldest first. */
  readonly versions: readonly Version[];
}

export interface PromptState {
  readonly run: PromptRunInfo | null;
  readonly isLive: boolean;
  readonly hasCaughtUp: boolean;
  /** Why there is nothing to show any more. */
  readonly gone: string | null;
  readonly learned: readonly Learned[];
  readonly gradients: ReadonlyMap<number, Gradient>;
  readonly graph: Of<"graph"> | null;
  readonly scores: readonly Score[];
  readonly spent: Of<"step"> | null;
}

export const NOTHING: PromptState = {
  run: null,
  isLive: false,
  hasCaughtUp: false,
  gone: null,
  learned: [],
  gradients: new Map(),
  graph: null,
  scores: [],
  spent: null,
};

/** The state after some entries, in order. Pure. */
export function withEntries(state: PromptState, entries: readonly PromptEntry[]): PromptState {
  let { learned, graph, spent } = state;
  const gradients = new Map(state.gradients);
  const scores: Score[] = [];
  for (const entry of entries) {
    switch (entry.kind) {
      case "variable":
        learned = [...learned, { variable: entry.variable, role: entry.role, versions: [] }];
        break;
      case "version":
        learned = learned.map((one) => (one.variable === entry.variable ? { ...one, versions: [...one.versions, entry] } : one));
        break;
      case "gradient":
        gradients.set(entry.seq, entry);
        break;
      case "graph":
        graph = entry;
        break;
      case "score":
        scores.push(entry);
        break;
      case "step":
        spent = entry;
        break;
    }
  }
  return { ...state, learned, gradients, graph, spent, scores: scores.length === 0 ? state.scores : [...state.scores, ...scores] };
}

/** Pieces of criticism: one per sample where several were joined, without empty ones. */
export function criticism(text: string): string[] {
  const items = [...text.matchAll(/<ITEM>([\s\S]*?)<\/ITEM>/g)].map(([, item = ""]) => item);
  return (items.length === 0 ? [text] : items).map((item) => item.trim()).filter((item) => item !== "");
}

/** What led to a version: the criticism that its step looked at. */
export function causesOf(state: PromptState, version: Version): string[] {
  return version.gradients.flatMap((seq) => criticism(state.gradients.get(seq)?.text ?? ""));
}

/** Criticism of a version, also of the newest, which nobody has rewritten yet. */
export function saidOf(state: PromptState, version: Version): string[] {
  const all = [...state.gradients.values()].filter((one) => one.variable === version.variable && one.version === version.version);
  return all.flatMap(({ text }) => criticism(text));
}

/** The score that a version reached, newest validation before training; null when nobody looked. */
export function scoreOf(state: PromptState, learned: Learned, version: Version): Score | null {
  const next = learned.versions.find((other) => other.version > version.version);
  const during = state.scores.filter(({ step }) => step >= version.step && (next === undefined || step < next.step));
  return during.findLast(({ split }) => split === "validation") ?? during.at(-1) ?? null;
}

export function isOver(run: PromptRunInfo | null): boolean {
  return run !== null && ["completed", "failed", "stopped", "crashed"].includes(run.state);
}
