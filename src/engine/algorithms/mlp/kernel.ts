import { InvalidArgumentError } from "../../../core/errors.ts";
import { kernelModule } from "../../kernel-module.ts";
import { KERNEL_BASE64 } from "./kernel.generated.ts";

/** The loops of a network, on addresses in bytes. Two implementations, equal to the bit: the kernel and `PlainOperations`. */
export interface Operations {
  readonly buffer: ArrayBuffer;
  /** Where free memory starts. */
  readonly start: number;
  multiply(a: number, aRow: number, aStep: number, b: number, c: number, rows: number, inner: number, cols: number): void;
  transpose(w: number, rows: number, cols: number, out: number): void;
  activate(z: number, bias: number, rows: number, cols: number, kind: number): void;
  slope(d: number, a: number, count: number, kind: number): void;
  columnSums(d: number, rows: number, cols: number, out: number): void;
  adam(
    w: number,
    g: number,
    m: number,
    v: number,
    count: number,
    rate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    decay: number,
  ): void;
}

/** What `assembly/index.ts` exports. */
interface Exports extends Omit<Operations, "buffer" | "start"> {
  readonly memory: WebAssembly.Memory;
  reserve(bytes: number): number;
}

const instantiate = kernelModule<Exports>(KERNEL_BASE64, "neural network");

/** The kernel with at least `bytes` of memory. @throws {InvalidArgumentError} when there is not as much. */
export function createKernel(bytes: number): Operations {
  const exports = instantiate();
  const start = bytes < 2 ** 32 - 2 ** 20 ? exports.reserve(bytes) >>> 0 : 0;
  if (start === 0)
    throw new InvalidArgumentError(`a network of ${bytes} bytes does not fit in memory; use fewer hidden units, or a smaller batch`);
  return {
    buffer: exports.memory.buffer as ArrayBuffer,
    start,
    multiply: exports.multiply,
    transpose: exports.transpose,
    activate: exports.activate,
    slope: exports.slope,
    columnSums: exports.columnSums,
    adam: exports.adam,
  };
}
