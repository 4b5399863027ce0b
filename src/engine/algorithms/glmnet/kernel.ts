import { InvalidArgumentError } from "../../../core/errors.ts";
import { kernelModule } from "../../kernel-module.ts";
import { KERNEL_BASE64 } from "./kernel.generated.ts";

/** What `assembly/index.ts` exports; addresses in bytes. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  reserve(bytes: number): number;
  dot(a: number, b: number, rows: number): number;
  dotFour(a: number, b: number, stride: number, rows: number, out: number): void;
  crossTable(x: number, stride: number, columns: number, v: number, rows: number, table: number, scratch: number, out: number): void;
  takeStep(r: number, v: number, x: number, slope: number, offset: number, rows: number): void;
  weigh(out: number, v: number, x: number, factor: number, offset: number, rows: number): void;
  addColumn(out: number, x: number, slope: number, offset: number, rows: number): void;
  moments(v: number, x: number, rows: number, out: number): void;
  sum(v: number, rows: number): number;
}

/** Rows per turn of the kernel's loops; vectors are padded with zeros to a multiple of it. */
const STEP = 8;
/** Up to this many columns all their products fit beside them. */
export const LARGEST_CROSS_TABLE = 256;

const instantiate = kernelModule<Exports>(KERNEL_BASE64, "coordinate descent");

/**
 * Columns of numbers and four working vectors in the memory of one WebAssembly instance, with the loops over rows that coordinate descent needs.
 * One per fit, shared by its folds in turn: whoever uses `v`, `r`, `scratch` or `move` fills it first. All vectors have `rows` entries.
 */
export class Kernel {
  readonly columns: readonly Float64Array[];
  readonly v: Float64Array;
  readonly r: Float64Array;
  readonly scratch: Float64Array;
  readonly move: Float64Array;
  readonly #exports: Exports;
  readonly #rows: number;
  readonly #stride: number;
  readonly #start: number;
  readonly #at: {
    readonly v: number;
    readonly r: number;
    readonly scratch: number;
    readonly move: number;
    readonly out: number;
    readonly table: number;
  };
  readonly #out: Float64Array;
  readonly #table: Float64Array;

  /** @throws {InvalidArgumentError} when the columns do not fit in the 4 GB that one fit has. */
  constructor(rows: number, cols: number) {
    this.#exports = instantiate();
    this.#rows = Math.ceil(rows / STEP) * STEP;
    this.#stride = this.#rows * 8;
    const tableCells = cols <= LARGEST_CROSS_TABLE ? cols * (cols + 3) : 0;
    const bytes = (cols + 4) * this.#stride + (4 + tableCells) * 8;
    this.#start = bytes < 2 ** 32 - 2 ** 20 ? this.#exports.reserve(bytes) >>> 0 : 0;
    if (this.#start === 0) {
      throw new InvalidArgumentError(
        `${rows} rows × ${cols} numeric columns do not fit in the 4 GB that one fit has; use fewer rows or features`,
      );
    }
    const address = (index: number): number => this.#start + index * this.#stride;
    const { buffer } = this.#exports.memory;
    const vector = (index: number): Float64Array => new Float64Array(buffer, address(index), rows);
    this.columns = Array.from({ length: cols }, (_, j) => vector(j));
    // These four follow the columns: crossTable may read up to three of them.
    this.v = vector(cols);
    this.r = vector(cols + 1);
    this.scratch = vector(cols + 2);
    this.move = vector(cols + 3);
    const out = address(cols + 4);
    this.#at = { v: address(cols), r: address(cols + 1), scratch: address(cols + 2), move: address(cols + 3), out, table: out + 32 };
    this.#out = new Float64Array(buffer, out, 4);
    this.#table = new Float64Array(buffer, out + 32, tableCells);
  }

  /** Σ x_j r. */
  dotResidual(j: number): number {
    return this.#exports.dot(this.#column(j), this.#at.r, this.#rows);
  }

  /** Σ x_j scratch. */
  dotScratch(j: number): number {
    return this.#exports.dot(this.#column(j), this.#at.scratch, this.#rows);
  }

  /** Σ x_k scratch for k = j … j + 3, as a view that the next call overwrites; entries beyond the last column mean nothing. */
  dotFourScratch(j: number): Float64Array {
    this.#exports.dotFour(this.#at.scratch, this.#column(j), this.#stride, this.#rows, this.#at.out);
    return this.#out;
  }

  /** Σ v x_j x_k for all pairs, at [j × width + k] for k ≥ j, as a view that the next call overwrites. At most LARGEST_CROSS_TABLE columns. */
  crossTable(): { readonly table: Float64Array; readonly width: number } {
    const cols = this.columns.length;
    const { v, scratch, out, table } = this.#at;
    this.#exports.crossTable(this.#start, this.#stride, cols, v, this.#rows, table, scratch, out);
    return { table: this.#table, width: Math.ceil(cols / 4) * 4 };
  }

  /** r −= v (slope x_j + offset). */
  takeStep(j: number, slope: number, offset: number): void {
    this.#exports.takeStep(this.#at.r, this.#at.v, this.#column(j), slope, offset, this.#rows);
  }

  /** scratch = v factor (x_j − offset). */
  weigh(j: number, factor: number, offset: number): void {
    this.#exports.weigh(this.#at.scratch, this.#at.v, this.#column(j), factor, offset, this.#rows);
  }

  /** move += slope (x_j − offset). */
  addToMove(j: number, slope: number, offset: number): void {
    this.#exports.addColumn(this.#at.move, this.#column(j), slope, offset, this.#rows);
  }

  /** [Σ v x_j, Σ v x_j²], as a view that the next call overwrites. */
  moments(j: number): Float64Array {
    this.#exports.moments(this.#at.v, this.#column(j), this.#rows, this.#at.out);
    return this.#out;
  }

  sumV(): number {
    return this.#exports.sum(this.#at.v, this.#rows);
  }

  sumR(): number {
    return this.#exports.sum(this.#at.r, this.#rows);
  }

  sumScratch(): number {
    return this.#exports.sum(this.#at.scratch, this.#rows);
  }

  #column(j: number): number {
    return this.#start + j * this.#stride;
  }
}
