/** Which item an arrow key goes to. Pure. */

export type Axis = "horizontal" | "vertical" | "both";

/** Index to go to in a list of `count`, or null when the key means nothing here. Wraps around the ends. */
export function rovingIndex(key: string, index: number, count: number, axis: Axis = "both"): number | null {
  if (count === 0) return null;
  const forward = (axis !== "vertical" && key === "ArrowRight") || (axis !== "horizontal" && key === "ArrowDown");
  const back = (axis !== "vertical" && key === "ArrowLeft") || (axis !== "horizontal" && key === "ArrowUp");
  if (forward) return (index + 1) % count;
  if (back) return (index - 1 + count) % count;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  return null;
}

/** Index of the next item, after `from`, whose text starts with the typed letter; null when there is none. */
export function typeAhead(letter: string, texts: readonly string[], from: number): number | null {
  if (letter.length !== 1 || letter === " ") return null;
  for (let step = 1; step <= texts.length; step++) {
    const at = (from + step) % texts.length;
    if (texts[at]?.toLowerCase().startsWith(letter.toLowerCase())) return at;
  }
  return null;
}
