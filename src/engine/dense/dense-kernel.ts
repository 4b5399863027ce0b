import { KERNEL_BASE64 } from "./kernel.generated.ts";

/** What `assembly/index.ts` exports; addresses in bytes. */
export interface DenseLoops {
  addGram(x: number, stride: number, rows: number, cols: number, gram: number): void;
  reflect(a: number, stride: number, size: number, used: number, k: number, v: number, w: number, subdiagonal: number): number;
  unreflect(z: number, v: number, factor: number, count: number): void;
  rotateColumns(z: number, stride: number, rows: number, first: number, last: number, cosines: number, sines: number): void;
  gaps(x: number, centers: number, k: number, cols: number, out: number): void;
}

/** Vectors in the memory of one WebAssembly instance, and the loops over them. `address` of a vector is its `byteOffset`. */
export interface DenseMemory {
  readonly loops: DenseLoops;
  /** One per length asked for, filled with zeros, 64-byte aligned. */
  readonly vectors: readonly Float64Array[];
}

const LINE_BYTES = 64;
let compiled: WebAssembly.Module | null = null;

/**
 * A fresh instance with one vector per length in `lengths`, or null when they do not fit in the 4 GB that an instance has. The memory goes with
 * the instance. Cost: O(sum of lengths).
 */
export function denseMemory(lengths: readonly number[]): DenseMemory | null {
  const bytes = lengths.map((length) => Math.ceil((length * 8) / LINE_BYTES) * LINE_BYTES);
  const total = bytes.reduce((sum, size) => sum + size, LINE_BYTES);
  if (total > 2 ** 32 - 2 ** 20) return null;
  compiled ??= new WebAssembly.Module(bytesOf(KERNEL_BASE64));
  // The exports are those of assembly/index.ts, built together with this file.
  const loops = new WebAssembly.Instance(compiled, { env: { abort: onAbort } }).exports as unknown as DenseLoops & {
    readonly memory: WebAssembly.Memory;
    reserve(bytes: number): number;
  };
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

function onAbort(): never {
  throw new Error("the dense kernel stopped");
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
