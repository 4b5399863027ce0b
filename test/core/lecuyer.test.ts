import { describe, expect, test } from "vitest";
import { nextStream, nextSubStream, StreamRandom, streamAt, streamOfSeed } from "../../src/core/lecuyer.ts";

/** What R 4.2.2 gives for `RNGkind("L'Ecuyer-CMRG")`; words as unsigned 32-bit numbers. */
const VECTORS = [
  {
    seed: 1,
    state: [1280795612, 4125696813, 3852956682, 3691408899, 4072619880, 1489374793],
    next: [4246464, 4063011236, 3823334500, 1620595781, 533443421, 594164961],
    afterNext: [317200966, 4111358687, 3963491408, 4008664794, 3440239341, 3686943199],
    sub: [1758599292, 395847541, 373354099, 2678426154, 1293554115, 3114677104],
    uniforms: [0.6775328286287442, 0.4273457228876442, 0.9103805304875483, 0.9557281983530768, 0.8406585852748216],
  },
  {
    seed: 42,
    state: [2161575609, 507561766, 1260545903, 1362917092, 2522400917, 2950508626],
    next: [4200392260, 4270105571, 357812871, 346211554, 2993944461, 440649733],
    afterNext: [3936721085, 2883110042, 3806745505, 1069515918, 2574277581, 1070199760],
    sub: [2423402294, 1968597656, 3789300514, 1055078269, 658163990, 1090264187],
    uniforms: [0.17384558454153168, 0.5547400967650908, 0.48337712221370116, 0.7374830738167464, 0.79656476776243],
  },
  {
    seed: 123,
    state: [1806547166, 3311292359, 643431772, 1162448557, 3335719306, 4161054083],
    next: [1801422725, 2236991573, 1156894209, 1595475487, 210384600, 2639237639],
    afterNext: [2676292178, 902610736, 3774937373, 3198487246, 1501459956, 4011298885],
    sub: [701401935, 3939279309, 1513178397, 1735140456, 2710639322, 3842549384],
    uniforms: [0.1663742155315906, 0.38984565788132536, 0.7599398486939, 0.6237425982808835, 0.9317591201527736],
  },
  {
    seed: 1234,
    state: [3989189761, 2900596814, 2571824247, 2071488076, 1659356893, 3213916154],
    next: [1325398954, 3133093606, 3800737834, 4135403746, 560770250, 333672325],
    afterNext: [297685860, 239054748, 4134071919, 224208364, 3946529503, 2757529347],
    sub: [3645908240, 3987746184, 205752301, 3972910899, 2191870027, 571380451],
    uniforms: [0.4729098173243092, 0.7697836703422953, 0.21601539708934786, 0.41384397309262927, 0.561003617404204],
  },
  {
    seed: -7,
    state: [1527957300, 2841323685, 1739910434, 688823867, 1022932032, 680499009],
    next: [1808819806, 3280751886, 601534232, 852513277, 782743327, 2385355023],
    afterNext: [1011837074, 3100378696, 842535397, 434937283, 593085301, 1572731847],
    sub: [4217553897, 1063761410, 22031304, 3079151384, 56237751, 2878511394],
    uniforms: [0.16409968913829312, 0.49141329299052366, 0.7021782174830021, 0.19196620698295794, 0.9224702652715648],
  },
];

describe("M-99: bit for bit R's L'Ecuyer-CMRG", () => {
  test.each(VECTORS)("seed $seed: state, streams, sub-stream, uniforms", ({ seed, state, next, afterNext, sub, uniforms }) => {
    expect(streamOfSeed(seed)).toEqual(state);
    expect(nextStream(state)).toEqual(next);
    expect(streamAt(state, 2)).toEqual(afterNext);
    expect(nextSubStream(state)).toEqual(sub);
    const random = new StreamRandom(state);
    expect(uniforms.map(() => random.uniform())).toEqual(uniforms);
  });

  test("seed 42: a thousand streams on, and the next stream's uniforms", () => {
    expect(streamAt(streamOfSeed(42), 1000)).toEqual([3018748374, 265149261, 356125851, 25304164, 362877088, 3325518218]);
    const random = new StreamRandom(nextStream(streamOfSeed(42)));
    expect([0, 0, 0].map(() => random.uniform())).toEqual([0.8684999802261583, 0.10175112941400961, 0.46964136084667485]);
  });

  test.each([
    [42, [-0.9390770786492874, -0.041679428023489604, 0.8294134930161368]],
    [123, [-0.9685927265529435, 0.7061090777852228, 1.4890213236699692]],
  ])("seed %d: normals by inversion, to the last digits of a double", (seed, normals) => {
    const random = new StreamRandom(streamOfSeed(seed));
    for (const normal of normals) expect(random.normal()).toBeCloseTo(normal, 15);
  });

  test("normals far out in both tails, of 200,000 draws", () => {
    const random = new StreamRandom(streamOfSeed(7));
    const draws = Array.from({ length: 200_000 }, () => random.normal());
    // R 4.2.2: set.seed(7); x <- rnorm(200000); which.max(x), max(x), which.min(x), min(x)
    expect(draws[187_724]).toBeCloseTo(4.6864900349730263, 14);
    expect(draws.reduce((a, b) => Math.max(a, b))).toBe(draws[187_724]);
    expect(draws[50_195]).toBeCloseTo(-4.3904760328598735, 14);
  });

  test("sampling from ranges that need one and two draws of bits", () => {
    // R 4.2.2: set.seed(3); sample.int(100000, 3); sample.int(2^20, 2)
    const random = new StreamRandom(streamOfSeed(3));
    expect(random.int(100_000) + 1).toBe(57067);
    const fresh = new StreamRandom(streamOfSeed(3));
    const values = fresh.shuffle(Array.from({ length: 100_000 }, (_, i) => i + 1)).slice(0, 3);
    expect(values).toEqual([57067, 23015, 93196]);
  });

  test.each([
    [42, [2, 4, 7, 9, 8, 6, 1, 5, 3, 10]],
    [123, [8, 10, 6, 9, 4, 7, 1, 3, 5, 2]],
  ])("seed %d: the permutation of 1 … 10", (seed, permutation) => {
    expect(new StreamRandom(streamOfSeed(seed)).shuffle([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])).toEqual(permutation);
  });
});

test("a stream goes on from its state", () => {
  const random = new StreamRandom(streamOfSeed(9));
  random.uniform();
  const copy = new StreamRandom(random.state);
  expect([copy.uniform(), copy.int(1000)]).toEqual([random.uniform(), random.int(1000)]);
});

test("what is no state is refused", () => {
  for (const state of [[], [1, 2, 3, 4, 5], [0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0], [4294967087, 1, 1, 1, 1, 1], [1, 1, 1, 0.5, 1, 1]]) {
    expect(() => new StreamRandom(state)).toThrow(RangeError);
  }
  expect(() => new StreamRandom(streamOfSeed(1)).int(0)).toThrow(/bound/);
});
