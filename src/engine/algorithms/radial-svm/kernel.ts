import { InvalidArgumentError } from "../../../core/errors.ts";
import { kernelModule } from "../../kernel-module.ts";
import { KERNEL_BASE64 } from "./kernel.generated.ts";
import type { Layout, RowOperations } from "./rows.ts";

/** What `assembly/index.ts` exports; addresses in bytes. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  reserve(bytes: number): number;
  fillRow(tiles: number, columns: number, row: number, from: number, to: number, gamma: number, out: number): void;
  kernelValues(tiles: number, tileCount: number, columns: number, query: number, gamma: number, out: number): void;
  startSearch(): void;
  bestValue(): number;
  leastValue(): number;
  update(f: number, up: number, ki: number, kj: number, delta: number, from: number, to: number): number;
  selectSecond(f: number, low: number, ki: number, first: number, from: number, to: number): number;
}

const TILE = 8;
/** Kernel values that one fit keeps: all of them up to about 8,000 rows. */
const CACHE_BYTES = 256 * 2 ** 20;
const MOST_BYTES = 2 ** 32 - 2 ** 20;

const instantiate = kernelModule<Exports>(KERNEL_BASE64, "support vector machine");

/** Writes rows (numbers into `table`, or -1 for an empty place) into tiles of eight. */
function fillTiles(tiles: Float64Array, table: Float64Array, columns: number, rowAt: Int32Array): void {
  for (const [place, row] of rowAt.entries()) {
    if (row < 0) continue;
    const first = Math.floor(place / TILE) * columns * TILE + (place % TILE);
    for (let j = 0; j < columns; j++) tiles[first + j * TILE] = table[row * columns + j]!;
  }
}

/** Rows, their kernel values as far as they fit, and the vectors of a solver, in the memory of one WebAssembly instance. */
export class KernelRows implements RowOperations {
  readonly f: Float64Array;
  readonly up: Float64Array;
  readonly low: Float64Array;
  readonly #exports: Exports;
  readonly #layout: Layout;
  readonly #columns: number;
  readonly #gamma: number;
  readonly #at: { tiles: number; f: number; up: number; low: number; cache: number };
  readonly #slots: Slots;
  /** All kept kernel values, slot after slot. */
  readonly #cells: Float32Array;

  /**
   * @param table shape [n, columns] row-major, finite.
   * @throws {InvalidArgumentError} when the rows do not fit in the 4 GB that one fit has.
   */
  constructor(table: Float64Array, columns: number, gamma: number, layout: Layout) {
    this.#exports = instantiate();
    this.#layout = layout;
    this.#columns = columns;
    this.#gamma = gamma;
    const { size } = layout;
    const slots = Math.max(2, Math.min(size, Math.floor(CACHE_BYTES / (4 * Math.max(1, size)))));
    this.#slots = new Slots(slots, size, layout.segments.length);
    const tileBytes = size * columns * 8;
    const bytes = tileBytes + 3 * size * 8 + slots * size * 4;
    const tiles = bytes < MOST_BYTES ? this.#exports.reserve(bytes) >>> 0 : 0;
    if (tiles === 0) {
      throw new InvalidArgumentError(
        `${size} rows × ${columns} numeric columns do not fit in the 4 GB that one fit has; use fewer rows or features`,
      );
    }
    const f = tiles + tileBytes;
    this.#at = { tiles, f, up: f + size * 8, low: f + size * 16, cache: f + size * 24 };
    const { buffer } = this.#exports.memory;
    this.f = new Float64Array(buffer, f, size);
    this.up = new Float64Array(buffer, this.#at.up, size);
    this.low = new Float64Array(buffer, this.#at.low, size);
    this.#cells = new Float32Array(buffer, this.#at.cache, slots * size);
    fillTiles(new Float64Array(buffer, tiles, size * columns), table, columns, layout.rowAt);
  }

  value(i: number, j: number): number {
    let segment = 0;
    while (j >= this.#layout.segments[segment]!.to) segment++;
    return this.#cells[(this.#row(i, [segment]) - this.#at.cache) / 4 + j]!;
  }

  /** Where the kernel values of a row stand, those of the named segments filled in. */
  #row(row: number, segments: readonly number[]): number {
    const slot = this.#slots.take(row);
    const address = this.#at.cache + slot * this.#layout.size * 4;
    for (const segment of segments) {
      if (this.#slots.isFilled(slot, segment)) continue;
      const { from, to } = this.#layout.segments[segment]!;
      this.#exports.fillRow(this.#at.tiles, this.#columns, row, from, to, this.#gamma, address);
      this.#slots.markFilled(slot, segment);
    }
    return address;
  }

  searchFirst(segments: readonly number[]): { readonly row: number; readonly value: number } {
    return this.#search(this.#at.cache, this.#at.cache, 0, segments);
  }

  move(i: number, j: number, delta: number, segments: readonly number[]): { readonly row: number; readonly value: number } {
    const ki = this.#row(i, segments);
    return this.#search(ki, this.#row(j, segments), delta, segments);
  }

  #search(ki: number, kj: number, delta: number, segments: readonly number[]): { readonly row: number; readonly value: number } {
    const { f, up } = this.#at;
    let row = -1;
    this.#exports.startSearch();
    for (const segment of segments) {
      const { from, to } = this.#layout.segments[segment]!;
      row = this.#exports.update(f, up, ki, kj, delta, from, to);
    }
    return { row, value: this.#exports.bestValue() };
  }

  searchSecond(i: number, first: number, segments: readonly number[]): { readonly row: number; readonly least: number } {
    const ki = this.#row(i, segments);
    let row = -1;
    this.#exports.startSearch();
    for (const segment of segments) {
      const { from, to } = this.#layout.segments[segment]!;
      row = this.#exports.selectSecond(this.#at.f, this.#at.low, ki, first, from, to);
    }
    return { row, least: this.#exports.leastValue() };
  }
}

/** Which row's kernel values are in which slot; the one not used for longest gives way. */
class Slots {
  readonly #slotOf: Int32Array;
  readonly #rowOf: Int32Array;
  readonly #older: Int32Array;
  readonly #newer: Int32Array;
  readonly #filled: Uint8Array;
  readonly #segments: number;
  #used = 0;
  #oldest = -1;
  #newest = -1;

  constructor(slots: number, rows: number, segments: number) {
    this.#slotOf = new Int32Array(rows).fill(-1);
    this.#rowOf = new Int32Array(slots).fill(-1);
    this.#older = new Int32Array(slots).fill(-1);
    this.#newer = new Int32Array(slots).fill(-1);
    this.#filled = new Uint8Array(slots * segments);
    this.#segments = segments;
  }

  isFilled(slot: number, segment: number): boolean {
    return this.#filled[slot * this.#segments + segment] === 1;
  }

  markFilled(slot: number, segment: number): void {
    this.#filled[slot * this.#segments + segment] = 1;
  }

  take(row: number): number {
    let slot = this.#slotOf[row]!;
    if (slot === this.#newest && slot >= 0) return slot;
    if (slot >= 0) this.#unlink(slot);
    else {
      slot = this.#used < this.#rowOf.length ? this.#used++ : this.#evict();
      this.#slotOf[row] = slot;
      this.#rowOf[slot] = row;
    }
    this.#link(slot);
    return slot;
  }

  #evict(): number {
    const slot = this.#oldest;
    this.#unlink(slot);
    this.#slotOf[this.#rowOf[slot]!] = -1;
    this.#filled.fill(0, slot * this.#segments, (slot + 1) * this.#segments);
    return slot;
  }

  #unlink(slot: number): void {
    const older = this.#older[slot]!;
    const newer = this.#newer[slot]!;
    if (older >= 0) this.#newer[older] = newer;
    else this.#oldest = newer;
    if (newer >= 0) this.#older[newer] = older;
    else this.#newest = older;
  }

  #link(slot: number): void {
    this.#older[slot] = this.#newest;
    this.#newer[slot] = -1;
    if (this.#newest >= 0) this.#newer[this.#newest] = slot;
    else this.#oldest = slot;
    this.#newest = slot;
  }
}

/** Kernel values of new rows with stored ones. */
export class StoredRows {
  readonly #exports: Exports;
  readonly #columns: number;
  readonly #tileCount: number;
  readonly #gamma: number;
  readonly #tiles: number;
  readonly #query: Float64Array;
  readonly #out: Float64Array;

  /** @param table shape [n, columns] row-major. @throws {InvalidArgumentError} when they do not fit in 4 GB. */
  constructor(table: Float64Array, rows: number, columns: number, gamma: number) {
    this.#exports = instantiate();
    this.#columns = columns;
    this.#gamma = gamma;
    this.#tileCount = Math.ceil(rows / TILE);
    const size = this.#tileCount * TILE;
    const queryBytes = columns * 8 + 8;
    const bytes = size * columns * 8 + queryBytes + size * 8;
    this.#tiles = bytes < MOST_BYTES ? this.#exports.reserve(bytes) >>> 0 : 0;
    if (this.#tiles === 0) {
      throw new InvalidArgumentError(
        `${rows} support vectors × ${columns} columns do not fit in the 4 GB that one model has; use fewer rows`,
      );
    }
    const { buffer } = this.#exports.memory;
    const out = this.#tiles + size * columns * 8;
    this.#out = new Float64Array(buffer, out, size);
    this.#query = new Float64Array(buffer, out + size * 8, columns);
    const rowAt = Int32Array.from({ length: rows }, (_, i) => i);
    fillTiles(new Float64Array(buffer, this.#tiles, size * columns), table, columns, rowAt);
  }

  /** exp(−gamma |query − x_t|²) for each stored row, as a view that the next call overwrites. */
  values(query: Float64Array): Float64Array {
    this.#query.set(query);
    this.#exports.kernelValues(this.#tiles, this.#tileCount, this.#columns, this.#query.byteOffset, this.#gamma, this.#out.byteOffset);
    return this.#out;
  }
}
