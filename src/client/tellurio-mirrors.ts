import { TrainyardError } from "../core/errors.ts";

export type TellurioScalar = string | number | boolean;
export type TellurioData = TellurioScalar | readonly TellurioScalar[];

/** How long a reader waits for what the server has announced. */
export const PENDING_MS = 3000;

export interface TellurioEdge {
  readonly node: TellurioNode | null;
  readonly outputNr: number;
}

/** A node of the backward graph, which lives on the server. */
export class TellurioNode {
  readonly id: string;
  readonly name: string;
  readonly nextFunctions: TellurioEdge[] = [];
  constructor(id: string, name: string) {
    this.id = id;
    this.name = name;
  }
}

/** A language model that the server calls; usage is cumulative, as the server last said. */
export class TellurioModel {
  readonly id: string;
  usage: Readonly<Record<string, unknown>> = {};
  /** Whatever else the server set. */
  readonly fields: Record<string, unknown> = {};
  constructor(id: string) {
    this.id = id;
  }
}

/** Something the server will still say. Whoever reads it waits, at most three seconds. */
class Flag {
  readonly #what: string;
  #isUp = false;
  #waiting: (() => void)[] = [];

  constructor(what: string) {
    this.#what = what;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  raise(): void {
    this.#isUp = true;
  }

  lower(): void {
    this.#isUp = false;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** @throws {TrainyardError} `timeout` naming the flag and the variable. */
  async wait(id: string, limitMs: number): Promise<void> {
    if (!this.#isUp) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new TrainyardError("timeout", `Variable ${id} still waits for its ${this.#what} after ${limitMs / 1000} s.`, {
        retryable: true,
      });
      timer = setTimeout(() => reject(error), limitMs);
    });
    try {
      await Promise.race([new Promise<void>((resolve) => this.#waiting.push(resolve)), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The client's image of a variable. The server changes it; `TellurioClient.update` changes both. */
export class TellurioVariable {
  readonly id: string;
  readonly isParameter: boolean;
  data: TellurioData;
  role: string;
  requiresGrad: boolean;
  isLeaf = true;
  retainsGrad = false;
  outputNr = 0;
  /** The same list for as long as the variable lives. */
  readonly grad: TellurioVariable[] = [];
  readonly pendingData = new Flag("new text");
  readonly pendingGrad = new Flag("gradients");
  readonly pendingGradFn = new Flag("node");
  #gradFn: TellurioNode | null = null;
  readonly #limitMs: number;

  constructor(id: string, data: TellurioData, fields: { role: string; requiresGrad: boolean; isParameter: boolean }, limitMs = PENDING_MS) {
    this.id = id;
    this.data = data;
    this.role = fields.role;
    this.requiresGrad = fields.requiresGrad;
    this.isParameter = fields.isParameter;
    this.#limitMs = limitMs;
  }

  /** The node that made it. Only the server sets it. */
  get gradFn(): TellurioNode | null {
    return this.#gradFn;
  }

  /** For the link: what the server said. */
  static setGradFn(variable: TellurioVariable, node: TellurioNode | null): void {
    variable.#gradFn = node;
    variable.pendingGradFn.lower();
  }

  /** The data once every step under way is through. @throws {TrainyardError} `timeout` after three seconds. */
  async readData(): Promise<TellurioData> {
    await this.pendingData.wait(this.id, this.#limitMs);
    return this.data;
  }

  /** The gradients once every backward pass under way is through. */
  async readGrad(): Promise<TellurioVariable[]> {
    await this.pendingGrad.wait(this.id, this.#limitMs);
    return this.grad;
  }

  /** The node once the server has announced it. */
  async readGradFn(): Promise<TellurioNode | null> {
    await this.pendingGradFn.wait(this.id, this.#limitMs);
    return this.#gradFn;
  }
}
