import { exponential } from "../light-gbm/exponential.ts";
import type { Operations } from "./kernel.ts";

const round = Math.fround;

/** The kernel's loops in plain code: its oracle in tests. */
export class PlainOperations implements Operations {
  readonly buffer: ArrayBuffer;
  readonly start = 0;
  readonly #cells: Float32Array;

  constructor(bytes: number) {
    this.buffer = new ArrayBuffer(Math.ceil(bytes / 16) * 16);
    this.#cells = new Float32Array(this.buffer);
  }

  multiply(a: number, aRow: number, aStep: number, b: number, c: number, rows: number, inner: number, cols: number): void {
    const m = this.#cells;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) sum = round(sum + round(m[(a + i * aRow + k * aStep) / 4]! * m[b / 4 + k * cols + j]!));
        m[c / 4 + i * cols + j] = sum;
      }
    }
  }

  transpose(w: number, rows: number, cols: number, out: number): void {
    const m = this.#cells;
    for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) m[out / 4 + j * rows + i] = m[w / 4 + i * cols + j]!;
  }

  activate(z: number, bias: number, rows: number, cols: number, kind: number): void {
    const m = this.#cells;
    for (let i = 0; i < rows * cols; i++) {
      const value = round(m[z / 4 + i]! + m[bias / 4 + (i % cols)]!);
      const e = exponential(-2 * Math.abs(value));
      const size = (1 - e) / (1 + e);
      m[z / 4 + i] = kind === 0 ? value : kind === 1 ? Math.max(0, value) : value < 0 ? -size : size;
    }
  }

  slope(d: number, a: number, count: number, kind: number): void {
    const m = this.#cells;
    for (let i = 0; i < count; i++) {
      const value = m[a / 4 + i]!;
      const step = m[d / 4 + i]!;
      m[d / 4 + i] = kind === 1 ? (value > 0 ? step : 0) : step * round(1 - round(value * value));
    }
  }

  columnSums(d: number, rows: number, cols: number, out: number): void {
    const m = this.#cells;
    for (let j = 0; j < cols; j++) {
      let sum = 0;
      for (let i = 0; i < rows; i++) sum = round(sum + m[d / 4 + i * cols + j]!);
      m[out / 4 + j] = sum;
    }
  }

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
  ): void {
    const cells = this.#cells;
    const [keep1, keep2] = [round(beta1), round(beta2)];
    const [take1, take2] = [round(1 - keep1), round(1 - keep2)];
    for (let i = 0; i < count; i++) {
      const weight = cells[w / 4 + i]!;
      const gradient = round(cells[g / 4 + i]! + round(round(decay) * weight));
      const first = round(round(keep1 * cells[m / 4 + i]!) + round(take1 * gradient));
      const second = round(round(keep2 * cells[v / 4 + i]!) + round(round(take2 * gradient) * gradient));
      cells[m / 4 + i] = first;
      cells[v / 4 + i] = second;
      cells[w / 4 + i] = weight - round(round(round(rate) * first) / round(round(Math.sqrt(second)) + round(epsilon)));
    }
  }
}
