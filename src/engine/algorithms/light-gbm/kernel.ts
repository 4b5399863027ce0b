import { InvalidArgumentError } from "../../../core/errors.ts";
import type { BoostingCore, CoreLayout, GrownTree, Part } from "./core.ts";
import { KERNEL_BASE64 } from "./kernel.generated.ts";

/** What `assembly/index.ts` exports. Booleans travel as 0 and 1. */
interface Kernel {
  readonly memory: WebAssembly.Memory;
  configure(...settings: number[]): void;
  setUp(...sizes: number[]): number;
  describeFeature(feature: number, bins: number, firstEntry: number, isCategorical: number): void;
  stagedAddress(): number;
  edgesAddress(): number;
  mapNumbers(isValidation: number, feature: number, edges: number): void;
  placeBins(isValidation: number, feature: number): void;
  sumLoss(isValidation: number): number;
  computePairs(output: number): void;
  setBag(count: number): void;
  growTree(): number;
  addTree(output: number): void;
  addressOf(which: number): number;
}

const TASKS = ["binary", "multiclass", "regression"] as const;
/** Numbers that `addressOf` knows. */
const ADDRESSES = {
  target: 0,
  weights: 1,
  scores: 2,
  validationTarget: 3,
  validationWeights: 4,
  validationScores: 5,
  mask: 6,
  bag: 7,
  nodeFeature: 8,
  nodeBin: 9,
  nodeLeft: 10,
  nodeCount: 11,
  nodeValue: 12,
  nodeGain: 13,
  nodeHessian: 14,
  nodeTable: 15,
} as const;

const MEMORY_BYTES = 4 * 2 ** 30;

let compiled: WebAssembly.Module | null = null;

/**
 * A core in WebAssembly: one instance, whose memory goes when the core does. The module is small enough (about 12 kB) to be
 * compiled at once, in a page too, and is compiled once per process.
 * @throws {InvalidArgumentError} when the problem does not fit in 4 GB.
 */
export function createKernel(layout: CoreLayout): BoostingCore {
  compiled ??= new WebAssembly.Module(bytesOf(KERNEL_BASE64));
  const instance = new WebAssembly.Instance(compiled, { env: { abort: onAbort } });
  // The exports are those of assembly/index.ts, built together with this file.
  return new KernelCore(instance.exports as unknown as Kernel, layout);
}

/** What a fit takes, but for small change: bins, then per row indices, gradient pairs, target, weights, links and scores. */
function bytesOfFit({ rows, validationRows, features, outputs, slots, settings }: CoreLayout, entries: number): number {
  const perRow = features.length + 3 + 8 * outputs + 24;
  return rows * (perRow + 44) + validationRows * perRow + (entries + 1) * 16 * slots + settings.maxLeaves * 1024;
}

function onAbort(): never {
  throw new Error("the boosting kernel stopped");
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

class KernelCore implements BoostingCore {
  #kernel: Kernel | null;
  readonly #layout: CoreLayout;

  constructor(kernel: Kernel, layout: CoreLayout) {
    this.#kernel = kernel;
    this.#layout = layout;
    const { settings: s, features, rows, validationRows } = layout;
    kernel.configure(
      s.maxLeaves,
      s.maxDepth,
      s.minDataInLeaf,
      s.minHessianInLeaf,
      s.lambda1,
      s.lambda2,
      s.minGain,
      s.learningRate,
      s.catSmooth,
      s.catLambda2,
      s.maxCategories,
    );
    const entries = features.reduce((sum, feature) => sum + feature.bins, 0);
    // Sizes are 32-bit inside, so what cannot fit is refused before any is multiplied.
    const fits =
      bytesOfFit(layout, entries) < MEMORY_BYTES &&
      kernel.setUp(
        TASKS.indexOf(layout.task),
        rows,
        validationRows,
        features.length,
        layout.outputs,
        entries,
        layout.slots,
        Number(layout.isWeighted),
        Number(layout.isValidationWeighted),
      );
    if (!fits) {
      throw new InvalidArgumentError(
        `${rows} rows × ${features.length} features do not fit in the 4 GB that one boosting fit has. Use fewer rows or features.`,
      );
    }
    let first = 0;
    for (const [index, feature] of features.entries()) {
      kernel.describeFeature(index, feature.bins, first, Number(feature.kind === "categorical"));
      first += feature.bins;
    }
  }

  get #open(): Kernel {
    if (this.#kernel === null) throw new Error("the boosting core is closed");
    return this.#kernel;
  }

  #rows(part: Part): number {
    return part === "training" ? this.#layout.rows : this.#layout.validationRows;
  }

  #floats(address: number, length: number): Float64Array {
    return new Float64Array(this.#open.memory.buffer, address, length);
  }

  mapNumbers(part: Part, feature: number, values: Float64Array): void {
    const kernel = this.#open;
    const plan = this.#layout.features[feature];
    if (plan?.kind !== "numeric") throw new Error(`feature ${feature} has no edges`);
    this.#floats(kernel.edgesAddress(), plan.edges.length).set(plan.edges);
    this.#floats(kernel.stagedAddress(), values.length).set(values);
    kernel.mapNumbers(Number(part === "validation"), feature, plan.edges.length);
  }

  placeBins(part: Part, feature: number, bins: Uint8Array): void {
    const kernel = this.#open;
    new Uint8Array(kernel.memory.buffer, kernel.stagedAddress(), bins.length).set(bins);
    kernel.placeBins(Number(part === "validation"), feature);
  }

  setTarget(part: Part, target: Float64Array, weights: Float64Array | null): void {
    const kernel = this.#open;
    const isTraining = part === "training";
    this.#floats(kernel.addressOf(isTraining ? ADDRESSES.target : ADDRESSES.validationTarget), target.length).set(target);
    if (weights === null) return;
    this.#floats(kernel.addressOf(isTraining ? ADDRESSES.weights : ADDRESSES.validationWeights), weights.length).set(weights);
  }

  setScore(part: Part, output: number, score: number): void {
    const rows = this.#rows(part);
    const scores = this.#open.addressOf(part === "training" ? ADDRESSES.scores : ADDRESSES.validationScores);
    this.#floats(scores + output * rows * 8, rows).fill(score);
  }

  setBag(rows: Uint32Array): void {
    const kernel = this.#open;
    new Uint32Array(kernel.memory.buffer, kernel.addressOf(ADDRESSES.bag), rows.length).set(rows);
    kernel.setBag(rows.length);
  }

  setMask(mask: Uint8Array): void {
    const kernel = this.#open;
    new Uint8Array(kernel.memory.buffer, kernel.addressOf(ADDRESSES.mask), mask.length).set(mask);
  }

  sumLoss(part: Part): number {
    return this.#open.sumLoss(Number(part === "validation"));
  }

  computePairs(output: number): void {
    this.#open.computePairs(output);
  }

  growTree(): GrownTree {
    const kernel = this.#open;
    const nodes = kernel.growTree();
    const buffer = kernel.memory.buffer;
    const ints = (which: number): Int32Array => new Int32Array(buffer, kernel.addressOf(which), nodes);
    const floats = (which: number): Float64Array => new Float64Array(buffer, kernel.addressOf(which), nodes);
    return {
      nodes,
      feature: ints(ADDRESSES.nodeFeature),
      bin: ints(ADDRESSES.nodeBin),
      left: ints(ADDRESSES.nodeLeft),
      count: ints(ADDRESSES.nodeCount),
      value: floats(ADDRESSES.nodeValue),
      gain: floats(ADDRESSES.nodeGain),
      hessian: floats(ADDRESSES.nodeHessian),
      table: new Uint8Array(buffer, kernel.addressOf(ADDRESSES.nodeTable), nodes * 256),
    };
  }

  addTree(output: number): void {
    this.#open.addTree(output);
  }

  close(): void {
    this.#kernel = null;
  }
}
