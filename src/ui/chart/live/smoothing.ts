/** Smoothing that never changes the past. Pure but for its own state. */
import { SeriesBuffer } from "./series-buffer.ts";

/**
 * A smoothed copy of a series that grows with it: an exponentially weighted mean of all points so far, where a point's weight
 * halves for every `halfLife` units of x, divided by the sum of the weights, so that the start is not pulled to zero.
 *
 * Causal: value i depends on points 0 … i only, so new points never change what is drawn further left, and a running series
 * smooths exactly as the finished one. The first two points stay as they are. Values that are not finite stay so and add nothing.
 */
export class SmoothedSeries {
  readonly result = new SeriesBuffer({ ties: true });
  readonly #source: SeriesBuffer;
  readonly #halfLife: number;
  #read = 0;
  #seen = 0;
  #weighted = 0;
  #weight = 0;
  #lastX = 0;
  #generation: number;

  /** @param halfLife in units of x, above 0 */
  constructor(source: SeriesBuffer, halfLife: number) {
    this.#source = source;
    this.#halfLife = halfLife;
    this.#generation = source.generation;
  }

  /** Takes in the points that the source has got since the last call. */
  update(): SeriesBuffer {
    const { x, y } = this.#source;
    if (this.#generation !== this.#source.generation) this.#startAnew();
    if (this.#read === x.length) return this.result;
    const added = x.length - this.#read;
    const smoothed = new Float64Array(added);
    for (let i = 0; i < added; i++) smoothed[i] = this.#next(x[this.#read + i] as number, y[this.#read + i] as number);
    this.result.appendMany(x.subarray(this.#read), smoothed);
    this.#read = x.length;
    return this.result;
  }

  /** The points came in another order than their x: what was smoothed before them counts no more. */
  #startAnew(): void {
    this.#generation = this.#source.generation;
    this.#read = 0;
    this.#seen = 0;
    this.#weighted = 0;
    this.#weight = 0;
    this.result.replaceAll([], []);
  }

  #next(x: number, y: number): number {
    if (!Number.isFinite(y)) return y;
    const decay = this.#seen === 0 ? 0 : 2 ** (-(x - this.#lastX) / this.#halfLife);
    this.#weighted = this.#weighted * decay + y;
    this.#weight = this.#weight * decay + 1;
    this.#lastX = x;
    this.#seen += 1;
    return this.#seen <= 2 ? y : this.#weighted / this.#weight;
  }
}
