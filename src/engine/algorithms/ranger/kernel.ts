import { InvalidArgumentError } from "../../../core/errors.ts";
import type { Random } from "../../../core/random.ts";
import { kernelModule } from "../../kernel-module.ts";
import { KERNEL_BASE64 } from "./kernel.generated.ts";

/** What `assembly/index.ts` exports. Booleans travel as 0 and 1. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  setUp(rows: number, features: number, width: number, nodes: number, isWeighted: number): number;
  mapNumbers(feature: number, edges: number): void;
  seed(a: number, b: number, c: number, d: number): void;
  drawRows(size: number, replace: number): void;
  listDrawn(): void;
  shuffleRows(): void;
  growTree(tries: number, minNode: number, maxDepth: number, isExtra: number, isCorrected: number): number;
  addOutOfBag(): void;
  permute(nodes: number, isClass: number): void;
  addressOf(which: number): number;
}

/** Numbers that `addressOf` knows. */
const ADDRESSES = {
  staged: 0,
  edges: 1,
  target: 2,
  cumulative: 3,
  drawn: 4,
  nodeFeature: 5,
  nodeBin: 6,
  nodeMissingLeft: 7,
  nodeLeft: 8,
  nodeGain: 9,
  nodeValue: 10,
  outSum: 11,
  outCount: 12,
  importance: 13,
} as const;

export interface KernelLayout {
  readonly rows: number;
  readonly features: number;
  /** Numbers per leaf: 1 for values and two classes, else the number of classes. */
  readonly width: number;
  /** Rows drawn per tree, at most. */
  readonly draws: number;
  readonly isWeighted: boolean;
}

/** One grown tree by node. Views into the kernel's memory: copy them before the next call. */
export interface GrownTree {
  readonly nodes: number;
  /** -1 in a leaf. */
  readonly feature: Int32Array;
  readonly bin: Uint8Array;
  readonly missingLeft: Uint8Array;
  /** Left child; the right one is its neighbour. -1 in a leaf. */
  readonly left: Int32Array;
  readonly gain: Float64Array;
  /** Means of the draws that reached the node, shape [nodes, width]. */
  readonly value: Float64Array;
}

const MEMORY_BYTES = 4 * 2 ** 30 - 2 ** 20;

const instantiate = kernelModule<Exports>(KERNEL_BASE64, "random forest");

/** Bins, target and the growing tree in the memory of one WebAssembly instance; one per fit. */
export class Kernel {
  readonly #exports: Exports;
  readonly #layout: KernelLayout;

  /** @throws {InvalidArgumentError} when the problem does not fit in 4 GB. */
  constructor(layout: KernelLayout) {
    this.#exports = instantiate();
    this.#layout = layout;
    const { rows, features, width, draws } = layout;
    const nodes = 2 * Math.min(rows, draws) + 1;
    const bytes = rows * (features + 56 + 8 * width) + nodes * (42 + 8 * width) + features * 20;
    const fits = bytes < MEMORY_BYTES && this.#exports.setUp(rows, features, width, nodes, Number(layout.isWeighted)) !== 0;
    if (!fits) {
      throw new InvalidArgumentError(
        `${rows} rows × ${features} features do not fit in the 4 GB that one fit has; use fewer rows or features, or LightGBM`,
        { details: { rows, features } },
      );
    }
  }

  #floats(which: keyof typeof ADDRESSES, length: number): Float64Array {
    return new Float64Array(this.#exports.memory.buffer, this.#exports.addressOf(ADDRESSES[which]) >>> 0, length);
  }

  mapNumbers(feature: number, values: Float64Array, edges: Float64Array): void {
    this.#floats("edges", edges.length).set(edges);
    this.#floats("staged", values.length).set(values);
    this.#exports.mapNumbers(feature, edges.length);
  }

  setTarget(target: Float64Array): void {
    this.#floats("target", target.length).set(target);
  }

  /** Running sums of the weights that rows are drawn by. */
  setCumulative(sums: Float64Array): void {
    this.#floats("cumulative", sums.length).set(sums);
  }

  seed(random: Random): void {
    this.#exports.seed(random.bits() | 0, random.bits() | 0, random.bits() | 0, random.bits() | 0);
  }

  drawRows(size: number, replace: boolean): void {
    this.#exports.drawRows(size, Number(replace));
  }

  /** Takes the rows to learn from as they are. */
  setDrawn(rows: ArrayLike<number>): void {
    const drawn = new Int32Array(this.#exports.memory.buffer, this.#exports.addressOf(ADDRESSES.drawn) >>> 0, this.#layout.rows).fill(0);
    for (let i = 0; i < rows.length; i++) drawn[rows[i]!]! += 1;
    this.#exports.listDrawn();
  }

  shuffleRows(): void {
    this.#exports.shuffleRows();
  }

  growTree(tries: number, minNode: number, maxDepth: number, isExtra: boolean, isCorrected: boolean): GrownTree {
    const nodes = this.#exports.growTree(tries, minNode, maxDepth, Number(isExtra), Number(isCorrected));
    const { buffer } = this.#exports.memory;
    const at = (which: keyof typeof ADDRESSES): number => this.#exports.addressOf(ADDRESSES[which]) >>> 0;
    return {
      nodes,
      feature: new Int32Array(buffer, at("nodeFeature"), nodes),
      bin: new Uint8Array(buffer, at("nodeBin"), nodes),
      missingLeft: new Uint8Array(buffer, at("nodeMissingLeft"), nodes),
      left: new Int32Array(buffer, at("nodeLeft"), nodes),
      gain: this.#floats("nodeGain", nodes),
      value: this.#floats("nodeValue", nodes * this.#layout.width),
    };
  }

  addOutOfBag(): void {
    this.#exports.addOutOfBag();
  }

  permute(nodes: number, isClass: boolean): void {
    this.#exports.permute(nodes, Number(isClass));
  }

  /** Sums of predictions by trees that did not see the row, shape [rows, width], and how many there are, shape [rows]. */
  outOfBag(): { readonly sums: Float64Array; readonly counts: Int32Array } {
    const { rows, width } = this.#layout;
    const counts = new Int32Array(this.#exports.memory.buffer, this.#exports.addressOf(ADDRESSES.outCount) >>> 0, rows);
    return { sums: this.#floats("outSum", rows * width), counts };
  }

  /** Corrected or permutation importance, summed over trees; a view. */
  importance(): Float64Array {
    return this.#floats("importance", this.#layout.features);
  }
}
