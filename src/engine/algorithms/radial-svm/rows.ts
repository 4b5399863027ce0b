/** Rows sorted into segments (one per class), each padded with empty places to a multiple of eight. */
export interface Layout {
  /** Places, the empty ones included. */
  readonly size: number;
  readonly segments: readonly { readonly from: number; readonly to: number }[];
  /** Row at each place, or -1. Shape [size]. */
  readonly rowAt: Int32Array;
}

/** The layout of groups of rows. */
export function layoutOf(groups: readonly (readonly number[])[]): Layout {
  const segments: { from: number; to: number }[] = [];
  let size = 0;
  for (const group of groups) {
    const to = size + Math.ceil(group.length / 8) * 8;
    segments.push({ from: size, to });
    size = to;
  }
  const rowAt = new Int32Array(size).fill(-1);
  for (const [index, group] of groups.entries()) rowAt.set(group, segments[index]!.from);
  return { size, segments, rowAt };
}

/** What a solver needs of rows and their kernel. Two implementations, equal to the bit: `KernelRows` and `PlainRows`. */
export interface RowOperations {
  /** Outcome less the machine without its bias, and what is added to it when a row may go up or down. Shape [size]; the solver fills them. */
  readonly f: Float64Array;
  readonly up: Float64Array;
  readonly low: Float64Array;
  /** Kernel of two rows, in single precision. */
  value(i: number, j: number): number;
  /** The place with the largest f + up in these segments, the first of equal ones; -1 while all are −∞. */
  searchFirst(segments: readonly number[]): { readonly row: number; readonly value: number };
  /** f −= delta (k_i − k_j) in these segments, then `searchFirst`. */
  move(i: number, j: number, delta: number, segments: readonly number[]): { readonly row: number; readonly value: number };
  /** The partner of `i` with the largest (first − v)² / curvature, v = f + low < first; -1 when there is none. `least` is the least v. */
  searchSecond(i: number, first: number, segments: readonly number[]): { readonly row: number; readonly least: number };
}
