import { InvalidArgumentError } from "../../../core/errors.ts";
import { kernelModule } from "../../kernel-module.ts";
import { KERNEL_BASE64 } from "./kernel.generated.ts";

/** What `assembly/index.ts` exports; addresses in bytes. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  reserve(bytes: number): number;
  nearestRows(
    tiles: number,
    tileCount: number,
    columns: number,
    queries: number,
    count: number,
    k: number,
    distances: number,
    neighbours: number,
    sums: number,
  ): void;
  rowsAt(tiles: number, tileCount: number, columns: number, query: number, distance: number, rows: number, sums: number): number;
}

const TILE = 8;
/** Queries that pass by the training table together. */
export const QUERIES_AT_ONCE = 64;

/**
 * The nearest training rows of each query: those of query q are at `starts[q]` … `starts[q + 1] - 1`, nearest first, ties by row. At least k of
 * them; more where further rows are exactly as far as the k-th.
 */
export interface Neighbours {
  readonly starts: Int32Array;
  /** Squared. */
  readonly distances: Float64Array;
  readonly rows: Int32Array;
}

const instantiate = kernelModule<Exports>(KERNEL_BASE64, "nearest neighbour");

/** A training table in the memory of one WebAssembly instance, ready to be searched. `find` is `plainNeighbours`, to the bit. */
export class NeighbourSearch {
  readonly #exports: Exports;
  readonly #columns: number;
  readonly #tiles: number;
  readonly #k: number;
  /** How many are sought: one more than k, to see whether it ties. */
  readonly #sought: number;
  readonly #at: { tiles: number; queries: number; distances: number; rows: number; ties: number; sums: number };

  /**
   * @param table shape [n, columns] row-major, finite. @param k 1 … n.
   * @throws {InvalidArgumentError} when the table does not fit in the 4 GB that one search has.
   */
  constructor(table: Float64Array, columns: number, k: number) {
    this.#exports = instantiate();
    const rows = columns === 0 ? 0 : table.length / columns;
    this.#columns = columns;
    this.#k = k;
    this.#sought = Math.min(rows, k + 1);
    this.#tiles = Math.ceil(rows / TILE);
    const tileBytes = this.#tiles * columns * TILE * 8;
    const queryBytes = QUERIES_AT_ONCE * columns * 8;
    const distanceBytes = QUERIES_AT_ONCE * this.#sought * 8;
    const rowBytes = QUERIES_AT_ONCE * this.#sought * 4;
    const tieBytes = this.#tiles * TILE * 4;
    const bytes = tileBytes + queryBytes + distanceBytes + rowBytes + tieBytes + TILE * 8;
    const start = bytes < 2 ** 32 - 2 ** 20 ? this.#exports.reserve(bytes) >>> 0 : 0;
    if (start === 0) {
      throw new InvalidArgumentError(
        `${rows} rows × ${columns} numeric columns do not fit in the 4 GB that one search has; use fewer rows or features`,
      );
    }
    const queries = start + tileBytes;
    const distances = queries + queryBytes;
    const neighbours = distances + distanceBytes;
    const ties = neighbours + rowBytes;
    this.#at = { tiles: start, queries, distances, rows: neighbours, ties, sums: ties + tieBytes };
    this.#fill(table, rows);
  }

  #fill(table: Float64Array, rows: number): void {
    const columns = this.#columns;
    const tiles = new Float64Array(this.#exports.memory.buffer, this.#at.tiles, this.#tiles * columns * TILE).fill(
      Number.POSITIVE_INFINITY,
    );
    for (let row = 0; row < rows; row++) {
      const first = Math.floor(row / TILE) * columns * TILE + (row % TILE);
      for (let j = 0; j < columns; j++) tiles[first + j * TILE] = table[row * columns + j]!;
    }
  }

  /** @param queries shape [count, columns] row-major, count ≤ QUERIES_AT_ONCE. Cost: O(count × n × columns). */
  find(queries: Float64Array): Neighbours {
    const count = queries.length / this.#columns;
    const at = this.#at;
    const sought = this.#sought;
    const { buffer } = this.#exports.memory;
    new Float64Array(buffer, at.queries, queries.length).set(queries);
    this.#exports.nearestRows(at.tiles, this.#tiles, this.#columns, at.queries, count, sought, at.distances, at.rows, at.sums);
    const distances = new Float64Array(buffer, at.distances, count * sought);
    const rows = new Int32Array(buffer, at.rows, count * sought);
    const found = new Gathered();
    for (let q = 0; q < count; q++) {
      const own = distances.subarray(q * sought, (q + 1) * sought);
      const limit = own[this.#k - 1]!;
      const isTied = own[this.#k] === limit;
      for (let i = 0; i < this.#k && !(isTied && own[i] === limit); i++) found.add(rows[q * sought + i]!, own[i]!);
      if (isTied) {
        const query = at.queries + q * this.#columns * 8;
        const ties = this.#exports.rowsAt(at.tiles, this.#tiles, this.#columns, query, limit, at.ties, at.sums);
        for (const row of new Int32Array(buffer, at.ties, ties)) found.add(row, limit);
      }
      found.endQuery();
    }
    return found.neighbours();
  }
}

/** Lists of neighbours, query after query. */
class Gathered {
  readonly #starts: number[] = [0];
  readonly #distances: number[] = [];
  readonly #rows: number[] = [];
  add(row: number, distance: number): void {
    this.#rows.push(row);
    this.#distances.push(distance);
  }

  endQuery(): void {
    this.#starts.push(this.#rows.length);
  }

  neighbours(): Neighbours {
    return { starts: Int32Array.from(this.#starts), distances: Float64Array.from(this.#distances), rows: Int32Array.from(this.#rows) };
  }
}

/** The same in plain code: the kernel's oracle. */
export function plainNeighbours(table: Float64Array, columns: number, k: number, queries: Float64Array): Neighbours {
  const rows = table.length / columns;
  const count = queries.length / columns;
  const found = new Gathered();
  for (let q = 0; q < count; q++) {
    const all = Array.from({ length: rows }, (_, row) => {
      let distance = 0;
      for (let j = 0; j < columns; j++) distance += (table[row * columns + j]! - queries[q * columns + j]!) ** 2;
      return { row, distance };
    });
    all.sort((a, b) => a.distance - b.distance || a.row - b.row);
    const limit = all[k - 1]!.distance;
    for (const { row, distance } of all) if (distance <= limit) found.add(row, distance);
    found.endQuery();
  }
  return found.neighbours();
}
