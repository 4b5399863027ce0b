import {
  type AppendedGradient,
  type GraphShape,
  graphShape,
  isBatch,
  Parameter,
  type TextData,
  type Usage,
  type Variable,
} from "../../textgrad/index.ts";
import type { PromptKind, PromptLog } from "./prompt-log.ts";

/** Longer texts are cut in the log, and say so. */
const VERSION_MAX = 100_000;
const GRADIENT_MAX = 20_000;

export interface RecorderSink {
  /** One number of one metric of the run. */
  point(name: string, value: number, step: number): void;
  /** Something could not be written down. Training goes on. */
  fault(error: unknown): void;
}

interface Learned {
  readonly key: string;
  version: number;
  text: string;
}

interface Evaluations {
  total: number;
  count: number;
  /** Steps that were through when these were made. */
  readonly step: number;
}

/**
 * Writes down what happens in one run of prompt training: texts that are learned, criticism, versions, scores, money. One per run;
 * after a restart of the server it goes on counting where the log ends.
 */
export class PromptRecorder {
  readonly #runId: string;
  readonly #log: PromptLog;
  readonly #sink: RecorderSink;
  readonly #learned = new WeakMap<Variable, Learned>();
  /** Number of a gradient's entry. */
  readonly #gradients = new WeakMap<Variable, number>();
  /** Cut keys out of texts; one per session that takes part. */
  readonly redactors = new Set<(text: string) => string>();
  #variableCount: number;
  #step: number;
  #tokens: number;
  #costUsd: number;
  #calls: number;
  #picture: string | null = null;
  #training: Evaluations | null = null;
  #validation: Evaluations | null = null;

  constructor(runId: string, log: PromptLog, sink: RecorderSink) {
    this.#runId = runId;
    this.#log = log;
    this.#sink = sink;
    const { step = 0, tokens = 0, cost_usd = 0, calls = 0 } = (log.newest(runId, "step")?.body ?? {}) as Readonly<Record<string, number>>;
    this.#step = step;
    this.#tokens = tokens;
    this.#costUsd = cost_usd;
    this.#calls = calls;
    this.#variableCount = log.count(runId, "variable");
  }

  /** Scores of one evaluation, per sample. `isTraining`: criticism can flow back from it. */
  evaluated(scores: readonly unknown[], isTraining: boolean): void {
    const numbers = scores.map(Number).filter(Number.isFinite);
    if (numbers.length === 0) return;
    if (isTraining) this.#flushValidation();
    const group = (isTraining ? this.#training : this.#validation) ?? { total: 0, count: 0, step: this.#step };
    if (isTraining) this.#training = group;
    else this.#validation = group;
    group.total += numbers.reduce((total, one) => total + one, 0);
    group.count += numbers.length;
  }

  spent(usage: Usage): void {
    this.#calls++;
    this.#tokens += usage.totalTokens;
    this.#costUsd += usage.costUsd;
  }

  /** A backward pass from `results` is through. */
  backward(results: readonly Variable[], appended: readonly AppendedGradient[]): void {
    const ours = appended.filter(({ variable }) => variable instanceof Parameter || this.#learned.has(variable));
    const begins = [...new Set(ours.map(({ variable }) => variable))].flatMap((variable) => this.#introduce(variable));
    const gradients = ours.map(({ variable, gradient }) => {
      const { key, version } = this.#learned.get(variable)!; // introduced above
      return entry("gradient", { variable: key, version, text: this.#clean(textOf(gradient.data), GRADIENT_MAX), step: this.#step });
    });
    const seqs = this.#write([...begins, ...this.#pictureOf(results), ...gradients]);
    for (const [index, { gradient }] of ours.toReversed().entries()) {
      const seq = seqs[seqs.length - 1 - index];
      if (seq !== undefined) this.#gradients.set(gradient, seq);
    }
  }

  /** A step is through. `rewritten`: what it looked at, with the texts from before. */
  stepped(
    rewritten: readonly { readonly parameter: Variable; readonly before: TextData; readonly gradients: readonly Variable[] }[],
  ): void {
    const begins = rewritten.flatMap(({ parameter, before }) => this.#introduce(parameter, before));
    this.#flush("training");
    this.#step++;
    const versions = rewritten.flatMap(({ parameter, gradients }) => {
      const causes = gradients.flatMap((gradient) => this.#gradients.get(gradient) ?? []);
      return this.#newVersion(parameter, "optimizer", causes);
    });
    const spent = { step: this.#step, calls: this.#calls, tokens: this.#tokens, cost_usd: this.#costUsd };
    this.#write([...begins, ...versions, entry("step", spent)]);
    this.#sink.point("cost_usd", this.#costUsd, this.#step);
    this.#sink.point("tokens", this.#tokens, this.#step);
  }

  /** The trainer itself has set a text, as when it loads a checkpoint. */
  assigned(variable: Variable): void {
    if (this.#learned.has(variable)) this.#write(this.#newVersion(variable, "trainer", []));
  }

  /** Writes down what waits for company: at the end of a run, and when a session ends. */
  flush(): void {
    this.#flush("training");
    this.#flushValidation();
  }

  #flushValidation(): void {
    this.#flush("validation");
  }

  #flush(split: "training" | "validation"): void {
    const group = split === "training" ? this.#training : this.#validation;
    if (group === null) return;
    if (split === "training") this.#training = null;
    else this.#validation = null;
    const mean = group.total / group.count;
    this.#write([entry("score", { split, step: group.step, mean, count: group.count })]);
    this.#sink.point(split === "training" ? "score" : "validation_score", mean, group.step);
  }

  #write(entries: readonly Entry[]): number[] {
    try {
      return this.#log.append(this.#runId, entries);
    } catch (error) {
      this.#sink.fault(error);
      return [];
    }
  }

  #introduce(variable: Variable, data: TextData = variable.data): Entry[] {
    if (this.#learned.has(variable)) return [];
    const text = textOf(data);
    const key = `v${++this.#variableCount}`;
    this.#learned.set(variable, { key, version: 0, text });
    return [
      entry("variable", { variable: key, role: this.#clean(variable.role, 500) }),
      entry("version", { variable: key, version: 0, text: this.#clean(text, VERSION_MAX), step: this.#step, by: "start", gradients: [] }),
    ];
  }

  #newVersion(variable: Variable, by: "optimizer" | "trainer", gradients: readonly number[]): Entry[] {
    const learned = this.#learned.get(variable);
    const text = textOf(variable.data);
    if (learned === undefined || learned.text === text) return [];
    learned.text = text;
    learned.version++;
    const { key, version } = learned;
    return [entry("version", { variable: key, version, text: this.#clean(text, VERSION_MAX), step: this.#step, by, gradients })];
  }

  #clean(text: string, max: number): string {
    let clean = text;
    for (const redact of this.redactors) clean = redact(clean);
    return clean.length <= max ? clean : `${clean.slice(0, max)}… (${clean.length - max} more characters)`;
  }

  /** The picture of the graph, when it is another one than before. */
  #pictureOf(results: readonly Variable[]): Entry[] {
    const shape = graphShape(results, { isLearned: (leaf) => leaf instanceof Parameter || this.#learned.has(leaf) });
    const picture = { ...this.#namesIn(shape), step: this.#step };
    const key = JSON.stringify(this.#namesIn(shape));
    if (key === this.#picture) return [];
    this.#picture = key;
    return [entry("graph", picture)];
  }

  #namesIn({ nodes, edges, isCut }: GraphShape): Readonly<Record<string, unknown>> {
    const named = nodes.map(({ variable, label, outputs, ...node }) => {
      const key = variable === null ? null : (this.#learned.get(variable)?.key ?? null);
      return { ...node, label: this.#clean(label, 200), outputs: outputs.slice(0, 8).map((role) => this.#clean(role, 200)), variable: key };
    });
    return { nodes: named, edges, is_cut: isCut };
  }
}

interface Entry {
  readonly kind: PromptKind;
  readonly body: Readonly<Record<string, unknown>>;
}

function entry(kind: PromptKind, body: Entry["body"]): Entry {
  return { kind, body };
}

/** One text, also of a list: an item per paragraph. */
function textOf(data: TextData): string {
  return isBatch(data) ? data.map(String).join("\n\n") : String(data);
}
