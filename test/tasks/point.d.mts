export class Point {
  constructor(x: number, y: number);
  norm(): number;
}
export class Tag {
  constructor(text: string);
  readonly text: string;
}
export class Fragile {
  constructor(breaks: string);
}
export const both: readonly unknown[];
