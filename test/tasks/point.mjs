// Classes with codecs, for codecs.test.ts: imported by host and daemons.
export class Point {
  constructor(x, y) {
    this.x = x;
    this.y = y;
  }
  norm() {
    return Math.hypot(this.x, this.y);
  }
}

export class Tag {
  #text;
  constructor(text) {
    this.#text = text;
  }
  get text() {
    return this.#text;
  }
}

/** Refuses to be read where it says so. */
export class Fragile {
  constructor(breaks) {
    this.breaks = breaks;
  }
}

export const pointCodec = {
  name: "point",
  class: Point,
  encode: ({ x, y }) => new Float64Array([x, y]),
  decode: ([x, y]) => new Point(x, y),
};
export const both = [pointCodec, { name: "tag", class: Tag, encode: (tag) => ({ text: tag.text }), decode: ({ text }) => new Tag(text) }];
export const fragileCodec = {
  name: "fragile",
  class: Fragile,
  encode(fragile) {
    if (fragile.breaks === "encode") throw new RangeError("too thin to wrap");
    return fragile.breaks;
  },
  decode(breaks) {
    if (breaks === "everywhere" || (breaks === "host" && globalThis.isHostOfCodecs === true)) throw new RangeError("came in pieces");
    return new Fragile(breaks);
  },
};

export const mirror = ({ points, deep }) => {
  if (!(points[0] instanceof Point) || !(deep.get("tag")[0] instanceof Tag)) throw new Error("instances came as something else");
  return { norms: points.map((point) => point.norm()), same: points[0] === points[1], back: [new Point(1, 2), new Tag("made there")] };
};
export const makeFragile = (breaks) => ({ inside: [new Fragile(breaks)] });
export const constantNorm = (_, { constants }) => constants.point.norm();
export const noteOne = (breaks, { note }) => note(new Fragile(breaks));
