import type { Random } from "../../../core/random.ts";
import { createKernel, type Operations } from "./kernel.ts";

/** One category's embedding: `levels` vectors of `width` numbers, which stand in the input from `first` on. Vector 0 is for missing and unseen. */
export interface EmbeddingShape {
  readonly levels: number;
  readonly width: number;
  readonly first: number;
}

/** JSON-safe. */
export interface NetworkShape {
  /** Numbers of the input, those of embeddings included (they come last). */
  readonly inputs: number;
  readonly embeddings: readonly EmbeddingShape[];
  readonly hidden: readonly number[];
  readonly outputs: number;
  readonly activation: "relu" | "tanh";
}

interface Layer {
  /** Padded sizes. */
  readonly from: number;
  readonly to: number;
  /** Addresses in bytes. */
  readonly weights: number;
  readonly bias: number;
  readonly transposed: number;
  readonly values: number;
  readonly errors: number;
}

const padded = (size: number, to: number): number => Math.ceil(size / to) * to;
const KINDS = { none: 0, relu: 1, tanh: 2 } as const;
const BETA_1 = 0.9;
const BETA_2 = 0.999;
const EPSILON = 1e-8;

/** Makes the operations on `bytes` of memory; tests put the twin in its place. */
export type OperationsFactory = (bytes: number) => Operations;

/**
 * A network with embeddings, dense layers and a linear output, its parameters, gradients and Adam's moments, in one block of memory. Parameters:
 * embeddings, then per layer weights [from, to] and bias [to], sizes padded to multiples of 8 with zeros that stay zero.
 */
export class Network {
  readonly shape: NetworkShape;
  /** Rows that go through together. */
  readonly batch: number;
  /** All parameters, as a view. */
  readonly parameters: Float32Array;
  /** Inputs of a batch, shape [batch, inputWidth]: the caller writes numbers; embeddings are filled in by `forward`. */
  readonly input: Float32Array;
  readonly inputWidth: number;
  /** Outputs of a batch, shape [batch, outputWidth]; and where the caller writes their errors. */
  readonly output: Float32Array;
  readonly errors: Float32Array;
  readonly outputWidth: number;
  readonly #operations: Operations;
  readonly #layers: readonly Layer[];
  readonly #gradients: Float32Array;
  readonly #inputErrors: Float32Array;
  readonly #embeddingAt: readonly number[];
  readonly #at: { parameters: number; gradients: number; first: number; second: number; input: number; inputErrors: number };
  /** Running powers of the decay rates. */
  #power1 = 1;
  #power2 = 1;

  constructor(shape: NetworkShape, batch: number, create: OperationsFactory = createKernel) {
    this.shape = shape;
    this.batch = padded(batch, 4);
    const sizes = [shape.inputs, ...shape.hidden, shape.outputs].map((size) => padded(Math.max(1, size), 8));
    this.inputWidth = sizes[0]!;
    this.outputWidth = sizes.at(-1)!;
    const plan = planMemory(shape, sizes, this.batch);
    this.#operations = create(plan.cells * 4 + 16);
    const base = padded(this.#operations.start, 16);
    const address = (cell: number): number => base + cell * 4;
    const view = (cell: number, length: number): Float32Array => new Float32Array(this.#operations.buffer, address(cell), length);
    this.#layers = plan.layers.map((layer) => ({
      from: layer.from,
      to: layer.to,
      weights: address(layer.weights),
      bias: address(layer.bias),
      transposed: address(layer.transposed),
      values: address(layer.values),
      errors: address(layer.errors),
    }));
    this.#embeddingAt = plan.embeddings;
    this.parameters = view(0, plan.parameters);
    this.#gradients = view(plan.gradients, plan.parameters);
    this.input = view(plan.input, this.batch * this.inputWidth);
    this.#inputErrors = view(plan.inputErrors, this.batch * this.inputWidth);
    const last = plan.layers.at(-1)!;
    this.output = view(last.values, this.batch * this.outputWidth);
    this.errors = view(last.errors, this.batch * this.outputWidth);
    this.#at = {
      parameters: address(0),
      gradients: address(plan.gradients),
      first: address(plan.first),
      second: address(plan.second),
      input: address(plan.input),
      inputErrors: address(plan.inputErrors),
    };
  }

  /** Glorot & Bengio (2010): uniform in ±√(6 / (from + to)); embeddings in ±0.05, the vector of missing values zero. */
  initialise(random: Random): void {
    this.parameters.fill(0);
    const uniform = (bound: number): number => bound * (2 * random.next() - 1);
    for (const [index, { levels, width }] of this.shape.embeddings.entries()) {
      const first = this.#embeddingAt[index]!;
      for (let cell = width; cell < levels * width; cell++) this.parameters[first + cell] = uniform(0.05);
    }
    const sizes = [this.shape.inputs, ...this.shape.hidden, this.shape.outputs];
    for (const [index, layer] of this.#layers.entries()) {
      const from = sizes[index]!;
      const to = sizes[index + 1]!;
      const bound = Math.sqrt(6 / (from + to));
      const first = (layer.weights - this.#at.parameters) / 4;
      for (let i = 0; i < from; i++) for (let j = 0; j < to; j++) this.parameters[first + i * layer.to + j] = uniform(bound);
    }
  }

  /** Parameters with which every row gets these outputs. */
  setConstant(outputs: readonly number[]): void {
    this.parameters.fill(0);
    this.parameters.set(outputs, (this.#layers.at(-1)!.bias - this.#at.parameters) / 4);
  }

  /** Sends the first `count` rows of the input through; `codes` holds their levels, shape [count, embeddings]. */
  forward(count: number, codes: Int32Array): void {
    const { embeddings, activation } = this.shape;
    const rows = padded(count, 4);
    for (const [index, { width, first }] of embeddings.entries()) {
      for (let i = 0; i < count; i++) {
        const from = this.#embeddingAt[index]! + codes[i * embeddings.length + index]! * width;
        for (let c = 0; c < width; c++) this.input[i * this.inputWidth + first + c] = this.parameters[from + c]!;
      }
    }
    this.input.fill(0, count * this.inputWidth, rows * this.inputWidth);
    let from = this.#at.input;
    for (const [index, layer] of this.#layers.entries()) {
      this.#operations.multiply(from, layer.from * 4, 4, layer.weights, layer.values, rows, layer.from, layer.to);
      const kind = index === this.#layers.length - 1 ? KINDS.none : KINDS[activation];
      this.#operations.activate(layer.values, layer.bias, rows, layer.to, kind);
      from = layer.values;
    }
  }

  /** From the caller's `errors` of the last `forward` (those of padding zero) to the gradients of all parameters. */
  backward(count: number, codes: Int32Array): void {
    const rows = padded(count, 4);
    const operations = this.#operations;
    for (let index = this.#layers.length - 1; index >= 0; index--) {
      const layer = this.#layers[index]!;
      const below = index === 0 ? this.#at.input : this.#layers[index - 1]!.values;
      const gradient = (address: number): number => this.#at.gradients + (address - this.#at.parameters);
      // Cell (i, k) of the transposed values is cell (k, i) of the values.
      operations.multiply(below, 4, layer.from * 4, layer.errors, gradient(layer.weights), layer.from, rows, layer.to);
      operations.columnSums(layer.errors, rows, layer.to, gradient(layer.bias));
      if (index === 0 && this.shape.embeddings.length === 0) break;
      const errors = index === 0 ? this.#at.inputErrors : this.#layers[index - 1]!.errors;
      operations.transpose(layer.weights, layer.from, layer.to, layer.transposed);
      operations.multiply(layer.errors, layer.to * 4, 4, layer.transposed, errors, rows, layer.to, layer.from);
      if (index > 0) operations.slope(errors, below, rows * layer.from, KINDS[this.shape.activation]);
    }
    this.#gatherEmbeddings(count, codes);
  }

  #gatherEmbeddings(count: number, codes: Int32Array): void {
    const { embeddings } = this.shape;
    for (const [index, { levels, width, first }] of embeddings.entries()) {
      const at = this.#embeddingAt[index]!;
      this.#gradients.fill(0, at, at + levels * width);
      for (let i = 0; i < count; i++) {
        const to = at + codes[i * embeddings.length + index]! * width;
        for (let c = 0; c < width; c++) this.#gradients[to + c]! += this.#inputErrors[i * this.inputWidth + first + c]!;
      }
    }
  }

  /** One step of Adam along the gradients; `decay` × weight is added to those of weights, not to those of biases and embeddings. */
  step(rate: number, decay: number): void {
    this.#power1 *= BETA_1;
    this.#power2 *= BETA_2;
    const corrected = (rate * Math.sqrt(1 - this.#power2)) / (1 - this.#power1);
    const { parameters, gradients, first, second } = this.#at;
    const update = (from: number, count: number, shrink: number): void => {
      const offset = from - parameters;
      const cells = padded(count, 4);
      this.#operations.adam(from, gradients + offset, first + offset, second + offset, cells, corrected, BETA_1, BETA_2, EPSILON, shrink);
    };
    const embedded = (this.#layers[0]!.weights - parameters) / 4;
    if (embedded > 0) update(parameters, embedded, 0);
    for (const layer of this.#layers) {
      update(layer.weights, layer.from * layer.to, decay);
      update(layer.bias, layer.to, 0);
    }
  }

  /** Sum of squares of the weights of all layers. */
  squaredWeights(): number {
    let sum = 0;
    for (const layer of this.#layers) {
      const first = (layer.weights - this.#at.parameters) / 4;
      for (let cell = first; cell < first + layer.from * layer.to; cell++) sum += this.parameters[cell]! ** 2;
    }
    return sum;
  }
}

interface MemoryPlan {
  /** All in cells of four bytes. */
  readonly cells: number;
  readonly parameters: number;
  readonly gradients: number;
  readonly first: number;
  readonly second: number;
  readonly input: number;
  readonly inputErrors: number;
  readonly embeddings: readonly number[];
  readonly layers: readonly Layer[];
}

/** Where everything stands, in cells from the start of the block. */
function planMemory(shape: NetworkShape, sizes: readonly number[], batch: number): MemoryPlan {
  let next = 0;
  const take = (count: number): number => {
    const at = next;
    next += padded(count, 4);
    return at;
  };
  const embeddings = shape.embeddings.map(({ levels, width }) => take(levels * width));
  const places = sizes.slice(1).map((to, index) => {
    const from = sizes[index]!;
    return { from, to, weights: take(from * to), bias: take(to) };
  });
  const parameters = next;
  const gradients = take(parameters);
  const first = take(parameters);
  const second = take(parameters);
  const input = take(batch * sizes[0]!);
  const inputErrors = take(batch * sizes[0]!);
  const layers = places.map((place) => ({
    ...place,
    transposed: take(place.from * place.to),
    values: take(batch * place.to),
    errors: take(batch * place.to),
  }));
  return { cells: next, parameters, gradients, first, second, input, inputErrors, embeddings, layers };
}
