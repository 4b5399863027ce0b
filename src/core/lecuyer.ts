/**
 * L'Ecuyer's combined multiple-recursive generator MRG32k3a with streams 2¹²⁷ apart, bit for bit as R's `RNGkind("L'Ecuyer-CMRG")`.
 *
 * Sources: L'Ecuyer (1999), Operations Research 47(1):159–164, doi:10.1287/opre.47.1.159; L'Ecuyer, Simard, Chen & Kelton (2002), Operations Research
 * 50(6):1073–1075, doi:10.1287/opre.50.6.1073.358. Inversion: Wichura (1988), AS 241, Applied Statistics 37(3):477–484, doi:10.2307/2347330.
 */
const M1 = 4294967087;
const M2 = 4294944443;
const NORM = 2.328306549295728e-10;

/** Jump of 2¹²⁷ steps, row by row. */
const STREAM_1 = [
  2427906178n,
  3580155704n,
  949770784n,
  226153695n,
  1230515664n,
  3580155704n,
  1988835001n,
  986791581n,
  1230515664n,
] as const;
const STREAM_2 = [1464411153n, 277697599n, 1610723613n, 32183930n, 1464411153n, 1022607788n, 2824425944n, 32183930n, 2093834863n] as const;
/** One step, row by row; its powers are the jumps. */
const STEP_1 = [0n, 1n, 0n, 0n, 0n, 1n, BigInt(M1) - 810728n, 1403580n, 0n] as const;
const STEP_2 = [0n, 1n, 0n, 0n, 0n, 1n, BigInt(M2) - 1370589n, 0n, 527612n] as const;

/** Six words: three below 4294967087, three below 4294944443; neither three all zero. */
export type StreamState = readonly number[];

/** The state that R has after `set.seed(seed)`. `seed` is a whole number, taken modulo 2³². */
export function streamOfSeed(seed: number): StreamState {
  let word = seed | 0;
  const next = (): number => {
    word = (Math.imul(69069, word) + 1) | 0;
    return word >>> 0;
  };
  for (let i = 0; i < 50; i++) next();
  const state: number[] = [];
  while (state.length < 6) {
    const candidate = next();
    if (candidate < M2) state.push(candidate);
  }
  return state;
}

/** The start of the stream 2¹²⁷ steps on: R's `parallel::nextRNGStream`. Cost: 18 products of big integers. */
export function nextStream(state: StreamState): StreamState {
  return jumped(state, STREAM_1, STREAM_2);
}

/** The start of the sub-stream 2⁷⁶ steps on: R's `parallel::nextRNGSubStream`. */
export function nextSubStream(state: StreamState): StreamState {
  return jumped(state, power(STEP_1, 76, BigInt(M1)), power(STEP_2, 76, BigInt(M2)));
}

/** The stream `index` streams on; `index` 0 is `state` itself. Cost: O(index). */
export function streamAt(state: StreamState, index: number): StreamState {
  let at = state;
  for (let i = 0; i < index; i++) at = nextStream(at);
  return at;
}

/** Random numbers from one stream. Same state, same numbers as R's functions of the same kind. */
export class StreamRandom {
  #a1: number;
  #a2: number;
  #a3: number;
  #b1: number;
  #b2: number;
  #b3: number;

  /** @throws {RangeError} for what is no state of the generator. */
  constructor(state: StreamState) {
    const [a1, a2, a3, b1, b2, b3] = state;
    const isWord = (word: number | undefined, limit: number): word is number => Number.isInteger(word) && word! >= 0 && word! < limit;
    const isState = [a1, a2, a3].every((word) => isWord(word, M1)) && [b1, b2, b3].every((word) => isWord(word, M2));
    if (state.length !== 6 || !isState || a1! + a2! + a3! === 0 || b1! + b2! + b3! === 0) {
      throw new RangeError(`a stream's state is six words below ${M1} and ${M2}, not ${JSON.stringify(state)}`);
    }
    [this.#a1, this.#a2, this.#a3, this.#b1, this.#b2, this.#b3] = [a1!, a2!, a3!, b1!, b2!, b3!];
  }

  /** Where it stands: give it to another `StreamRandom` to go on from here. */
  get state(): StreamState {
    return [this.#a1, this.#a2, this.#a3, this.#b1, this.#b2, this.#b3];
  }

  /** Uniform in (0, 1), 32 bits: R's `runif(1)`. All products stay below 2⁵³. */
  uniform(): number {
    let p1 = (1403580 * this.#a2 - 810728 * this.#a1) % M1;
    if (p1 < 0) p1 += M1;
    [this.#a1, this.#a2, this.#a3] = [this.#a2, this.#a3, p1];
    let p2 = (527612 * this.#b3 - 1370589 * this.#b1) % M2;
    if (p2 < 0) p2 += M2;
    [this.#b1, this.#b2, this.#b3] = [this.#b2, this.#b3, p2];
    return (p1 > p2 ? p1 - p2 : p1 - p2 + M1) * NORM;
  }

  /** Normal with the given mean and standard deviation, by inversion of two uniforms: R's `rnorm(1)`. */
  normal(mean = 0, deviation = 1): number {
    const big = 134217728;
    const u = Math.trunc(big * this.uniform()) + this.uniform();
    return mean + deviation * normalQuantile(u / big);
  }

  /** Uniform integer in [0, bound), by rejection of random bits: R's `sample.int(bound, 1) - 1`. `bound` in 1 … 2³¹. */
  int(bound: number): number {
    if (!(bound >= 1)) throw new RangeError(`int() needs a bound of at least 1, not ${bound}`);
    const bits = Math.ceil(Math.log2(bound));
    for (;;) {
      const draw = this.#bits(bits);
      if (draw < bound) return draw;
    }
  }

  /** A shuffled copy: R's `sample(values)`. */
  shuffle<T>(values: readonly T[]): T[] {
    const left = [...values];
    return values.map(() => {
      const at = this.int(left.length);
      const chosen = left[at]!;
      left[at] = left.at(-1)!;
      left.pop();
      return chosen;
    });
  }

  #bits(count: number): number {
    let value = 0;
    for (let done = 0; done <= count; done += 16) value = 65536 * value + Math.floor(this.uniform() * 65536);
    return count < 53 ? value % 2 ** count : value;
  }
}

type Matrix = readonly bigint[];

function jumped(state: StreamState, jump1: Matrix, jump2: Matrix): StreamState {
  const words = state.map(BigInt);
  return [...applied(jump1, words.slice(0, 3), BigInt(M1)), ...applied(jump2, words.slice(3), BigInt(M2))];
}

function applied(matrix: Matrix, [x, y, z]: readonly bigint[], modulus: bigint): number[] {
  return [0, 3, 6].map((row) => Number((matrix[row]! * x! + matrix[row + 1]! * y! + matrix[row + 2]! * z!) % modulus));
}

/** The matrix to the power of 2^`doublings`. */
function power(matrix: Matrix, doublings: number, modulus: bigint): Matrix {
  let square = matrix;
  for (let i = 0; i < doublings; i++) {
    const m = square;
    square = m.map((_, at) => {
      const row = at - (at % 3);
      return (m[row]! * m[at % 3]! + m[row + 1]! * m[3 + (at % 3)]! + m[row + 2]! * m[6 + (at % 3)]!) % modulus;
    });
  }
  return square;
}

const CENTRE = {
  p: [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087, 33430.57558358813,
    2509.0809287301227,
  ],
  q: [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271, 28729.085735721943,
    5226.495278852854,
  ],
};
const MIDDLE = {
  p: [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684, 0.2417807251774506,
    0.022723844989269184, 0.0007745450142783414,
  ],
  q: [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457, 0.0005475938084995345,
    1.0507500716444169e-9,
  ],
};
const TAIL = {
  p: [
    6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124, 0.0012426609473880784,
    2.7115555687434876e-5, 2.0103343992922881e-7,
  ],
  q: [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 1.8463183175100548e-5, 1.421511758316446e-7,
    2.0442631033899397e-15,
  ],
};

/** Quantile of the standard normal distribution at `p` in (0, 1), to about 16 digits (AS 241, PPND16). */
function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return q * ratio(CENTRE, 0.180625 - q * q);
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p));
  const value = r <= 5 ? ratio(MIDDLE, r - 1.6) : ratio(TAIL, r - 5);
  return q < 0 ? -value : value;
}

function ratio({ p, q }: { readonly p: readonly number[]; readonly q: readonly number[] }, x: number): number {
  const horner = (coefficients: readonly number[]): number => coefficients.reduceRight((sum, c) => sum * x + c, 0);
  return horner(p) / horner(q);
}
