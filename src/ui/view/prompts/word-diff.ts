/** A stretch of text that both versions have, or only one of them. */
export interface DiffPart {
  readonly kind: "same" | "removed" | "added";
  readonly text: string;
}

/** Cells of the table of the comparison; above it, whole lines are compared instead of words, and above that again nothing. */
const CELLS_MAX = 1_500_000;

/**
 * What became of a text, by words: the longest common subsequence of words, so few and whole words change. Joining what is not
 * `added` gives `before`; joining what is not `removed` gives `after`.
 * Cost: O(changed words²), bounded; common beginnings and ends are free. Deterministic.
 * Source: Wagner & Fischer (1974), doi:10.1145/321796.321811.
 */
export function wordDiff(before: string, after: string): DiffPart[] {
  return merged(compare(before, after, words));
}

function compare(before: string, after: string, cut: (text: string) => string[]): DiffPart[] {
  const a = cut(before);
  const b = cut(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const head = a.slice(0, start).join("");
  const tail = end === 0 ? "" : a.slice(-end).join("");
  const middle = between(a.slice(start, a.length - end), b.slice(start, b.length - end), cut);
  return [same(head), ...middle, same(tail)];
}

function between(a: readonly string[], b: readonly string[], cut: (text: string) => string[]): DiffPart[] {
  if (a.length === 0 || b.length === 0) return replaced(a.join(""), b.join(""));
  if (a.length * b.length > CELLS_MAX) return cut === words ? compare(a.join(""), b.join(""), lines) : replaced(a.join(""), b.join(""));
  const width = b.length + 1;
  // length[i * width + j]: words in common of a from i and b from j.
  const length = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const at = i * width + j;
      length[at] = a[i] === b[j] ? length[at + width + 1]! + 1 : Math.max(length[at + width]!, length[at + 1]!);
    }
  }
  const parts: DiffPart[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const at = i * width + j;
    if (i < a.length && j < b.length && a[i] === b[j]) {
      parts.push(same(a[i]!));
      i++;
      j++;
    } else if (j >= b.length || (i < a.length && length[at + width]! >= length[at + 1]!)) parts.push({ kind: "removed", text: a[i++]! });
    else parts.push({ kind: "added", text: b[j++]! });
  }
  return parts;
}

/** Neighbours of one kind become one; a single space between two changes belongs to them, so that sentences read as sentences. */
function merged(parts: readonly DiffPart[]): DiffPart[] {
  const result: DiffPart[] = [];
  let removed = "";
  let added = "";
  const flush = (): void => {
    if (removed !== "") result.push({ kind: "removed", text: removed });
    if (added !== "") result.push({ kind: "added", text: added });
    removed = "";
    added = "";
  };
  const filled = parts.filter(({ text }) => text !== "");
  for (const [index, { kind, text }] of filled.entries()) {
    const next = filled[index + 1];
    const isBridge =
      kind === "same" && /^[ ,]{1,2}$/.test(text) && removed !== "" && added !== "" && next !== undefined && next.kind !== "same";
    if (kind === "removed" || isBridge) removed += text;
    if (kind === "added" || isBridge) added += text;
    if (kind !== "same" || isBridge) continue;
    flush();
    const last = result.at(-1);
    if (last?.kind === "same") result[result.length - 1] = same(last.text + text);
    else result.push(same(text));
  }
  flush();
  return result;
}

function replaced(before: string, after: string): DiffPart[] {
  return [
    { kind: "removed", text: before },
    { kind: "added", text: after },
  ];
}

function same(text: string): DiffPart {
  return { kind: "same", text };
}

/** Words, runs of white space, and single other signs. */
function words(text: string): string[] {
  return text.match(/[\p{L}\p{N}_'’]+|\s+|[^\p{L}\p{N}_'’\s]/gu) ?? [];
}

function lines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+/g) ?? [];
}
