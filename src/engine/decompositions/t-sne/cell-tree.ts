/** Coincident points, or points that no halving parts any more, share one cell. */
const DEPTH_MAX = 48;

/**
 * Points in the plane (or in space, or on a line) in cells that are halved until each holds one, and the forces with which all points push one
 * away: exact for near cells, by their centres for far ones.
 *
 * Source: Barnes & Hut (1986), doi:10.1038/324446a0; for t-SNE van der Maaten (2014), JMLR 15, 3221–3245.
 */
export class CellTree {
  readonly #dims: number;
  readonly #n: number;
  /** Per cell in depth-first order: centre of mass, square of half the width, count. */
  #cells: Float64Array;
  /** The cell that follows when a cell's inside is passed over. */
  #next: Int32Array;
  readonly #order: Int32Array;
  readonly #spare: Int32Array;
  readonly #codes: Uint8Array;
  readonly #buckets: Int32Array;
  #count = 0;

  /** @param dims 1 to 3. */
  constructor(n: number, dims: number) {
    this.#n = n;
    this.#dims = dims;
    this.#cells = new Float64Array((dims + 2) * 4 * n);
    this.#next = new Int32Array(4 * n);
    this.#order = new Int32Array(n);
    this.#spare = new Int32Array(n);
    this.#codes = new Uint8Array(n);
    this.#buckets = new Int32Array(DEPTH_MAX * 2 ** dims * 2);
  }

  /** Sorts the points [n, dims], row-major, into cells. Cost: O(n log n). */
  build(points: Float64Array): void {
    const dims = this.#dims;
    const low = new Float64Array(dims).fill(Number.POSITIVE_INFINITY);
    const high = new Float64Array(dims).fill(Number.NEGATIVE_INFINITY);
    for (let at = 0; at < points.length; at++) {
      const d = at % dims;
      low[d] = Math.min(low[d]!, points[at]!);
      high[d] = Math.max(high[d]!, points[at]!);
    }
    let width = 0;
    for (let d = 0; d < dims; d++) width = Math.max(width, high[d]! - low[d]!);
    for (let i = 0; i < this.#n; i++) this.#order[i] = i;
    this.#count = 0;
    this.#addCell(
      points,
      0,
      this.#n,
      Float64Array.from(low, (edge, d) => (edge + high[d]!) / 2),
      width,
      0,
    );
  }

  #addCell(points: Float64Array, from: number, to: number, center: Float64Array, width: number, depth: number): void {
    const dims = this.#dims;
    const cell = this.#count++;
    if (cell >= this.#next.length) this.#grow();
    const at = cell * (dims + 2);
    for (let d = 0; d < dims; d++) {
      let sum = 0;
      for (let i = from; i < to; i++) sum += points[this.#order[i]! * dims + d]!;
      this.#cells[at + d] = sum / (to - from);
    }
    const isLeaf = to - from === 1 || width === 0 || depth === DEPTH_MAX - 1;
    this.#cells[at + dims] = isLeaf ? 0 : (width * width) / 4;
    this.#cells[at + dims + 1] = to - from;
    if (!isLeaf) this.#addParts(points, from, to, center, width / 2, depth);
    this.#next[cell] = this.#count;
  }

  #addParts(points: Float64Array, from: number, to: number, center: Float64Array, width: number, depth: number): void {
    const parts = 2 ** this.#dims;
    const starts = this.#buckets.subarray(depth * parts * 2, depth * parts * 2 + parts + 1).fill(0);
    const codes = this.#codes;
    const order = this.#order;
    for (let i = from; i < to; i++) {
      const point = order[i]! * this.#dims;
      let part = 0;
      for (let d = 0; d < this.#dims; d++) if (points[point + d]! > center[d]!) part |= 1 << d;
      codes[i] = part;
      starts[part + 1]!++;
    }
    for (let part = 0; part < parts; part++) starts[part + 1]! += starts[part]!;
    const ends = starts.slice(0, parts);
    for (let i = from; i < to; i++) this.#spare[from + ends[codes[i]!]!++] = order[i]!;
    this.#order.set(this.#spare.subarray(from, to), from);
    for (let part = 0; part < parts; part++) {
      if (starts[part] === starts[part + 1]) continue;
      const middle = center.map((value, d) => value + ((part >> d) & 1 ? width : -width) / 2);
      this.#addCell(points, from + starts[part]!, from + starts[part + 1]!, middle, width, depth + 1);
    }
  }

  #grow(): void {
    const cells = new Float64Array(this.#cells.length * 2);
    cells.set(this.#cells);
    this.#cells = cells;
    const next = new Int32Array(this.#next.length * 2);
    next.set(this.#next);
    this.#next = next;
  }

  /**
   * Adds to `forces` [n, dims] Σ_j q_ij² (y_i − y_j), q_ij = 1 / (1 + |y_i − y_j|²), and returns Σ_i Σ_{j≠i} q_ij. A cell whose half width is at
   * most `theta` times its distance counts as one point at its centre of mass. Cost: O(n log n / theta²).
   */
  pushApart(points: Float64Array, theta: number, forces: Float64Array): number {
    return this.#dims === 2 ? this.#pushInPlane(points, theta * theta, forces) : this.#push(points, theta * theta, forces);
  }

  #push(points: Float64Array, squaredTheta: number, forces: Float64Array): number {
    const dims = this.#dims;
    const stride = dims + 2;
    const cells = this.#cells;
    let sum = 0;
    for (let i = 0; i < this.#n; i++) {
      for (let cell = 0; cell < this.#count; ) {
        const at = cell * stride;
        let squared = 0;
        for (let d = 0; d < dims; d++) squared += (points[i * dims + d]! - cells[at + d]!) ** 2;
        if (cells[at + dims]! > squaredTheta * squared) {
          cell++;
          continue;
        }
        const q = 1 / (1 + squared);
        const mass = cells[at + dims + 1]! * q;
        sum += mass;
        for (let d = 0; d < dims; d++) forces[i * dims + d]! += mass * q * (points[i * dims + d]! - cells[at + d]!);
        cell = this.#next[cell]!;
      }
    }
    return sum - this.#n; // each point met itself, at distance 0
  }

  /** `#push` for two dimensions, which is what people look at. */
  #pushInPlane(points: Float64Array, squaredTheta: number, forces: Float64Array): number {
    const cells = this.#cells;
    const next = this.#next;
    const count = this.#count;
    let sum = 0;
    for (let i = 0; i < this.#n; i++) {
      const x = points[2 * i]!;
      const y = points[2 * i + 1]!;
      let toX = 0;
      let toY = 0;
      for (let cell = 0; cell < count; ) {
        const at = cell * 4;
        const dx = x - cells[at]!;
        const dy = y - cells[at + 1]!;
        const squared = dx * dx + dy * dy;
        if (cells[at + 2]! > squaredTheta * squared) {
          cell++;
          continue;
        }
        const q = 1 / (1 + squared);
        const mass = cells[at + 3]! * q;
        sum += mass;
        toX += mass * q * dx;
        toY += mass * q * dy;
        cell = next[cell]!;
      }
      forces[2 * i]! += toX;
      forces[2 * i + 1]! += toY;
    }
    return sum - this.#n;
  }
}
