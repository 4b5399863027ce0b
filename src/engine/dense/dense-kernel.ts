import { kernelModule } from "../kernel-module.ts";
import { KERNEL_BASE64 } from "./kernel.generated.ts";

/** What `assembly/index.ts` exports; addresses in bytes. */
export interface DenseLoops {
  addGram(x: number, stride: number, rows: number, cols: number, gram: number): void;
  reflect(a: number, stride: number, size: number, used: number, k: number, v: number, w: number, subdiagonal: number): number;
  unreflect(z: number, v: number, factor: number, count: number): void;
  rotateColumns(z: number, stride: number, rows: number, first: number, last: number, cosines: number, sines: number): void;
  gaps(x: number, centers: number, k: number, cols: number, out: number): void;
}

interface DenseExports extends DenseLoops {
  readonly memory: WebAssembly.Memory;
  reserve(bytes: number): number;
}

/** Vectors in the memory of one WebAssembly instance, and the loops over them. `address` of a vector is its `byteOffset`. */
export interface DenseMemory {
  readonly loops: DenseLoops;
  /** One per length asked for, filled with zeros, 64-byte aligned. */
  readonly vectors: readonly Float64Array[];
}

const LINE_BYTES = 64;
const instantiate = kernelModule<DenseExports>(KERNEL_BASE64, "dense");

/**
 * A fresh instance with one vector per length in `lengths`, or null when they do not fit in the 4 GB that an instance has. The memory goes with
 * the instance. Cost: O(sum of lengths).
 */
export function denseMemory(lengths: readonly number[]): DenseMemory | null {
  const bytes = lengths.map((length) => Math.ceil((length * 8) / LINE_BYTES) * LINE_BYTES);
  const total = bytes.reduce((sum, size) => sum + size, LINE_BYTES);
  if (total > 2 ** 32 - 2 ** 20) return null;
  const loops = instantiate();
  let at = loops.reserve(total) >>> 0;
  if (at === 0) return null;
  at = Math.ceil(at / LINE_BYTES) * LINE_BYTES;
  const vectors = lengths.map((length, index) => {
    const vector = new Float64Array(loops.memory.buffer, at, length);
    at += bytes[index]!;
    return vector;
  });
  return { loops, vectors };
}
