/** Colours of things in charts, as CSS. Pure. */

const SLOTS = 8;
/** Dash patterns, in order: solid first. */
export const DASHES: readonly (readonly number[])[] = [[], [6, 4], [2, 3], [8, 3, 2, 3], [12, 4]];

/** Colour of the n-th thing, from 0. After eight the colours repeat with the next dash pattern. */
export function seriesColor(slot: number): string {
  return `var(--series-${(slot % SLOTS) + 1})`;
}

/** Dash of the n-th thing, as `stroke-dasharray`; undefined is solid. */
export function seriesDash(slot: number): string | undefined {
  const pattern = DASHES[Math.floor(slot / SLOTS) % DASHES.length] ?? [];
  return pattern.length === 0 ? undefined : pattern.join(" ");
}

/** Nine steps from the surface to a series colour, for shares in [0, 1]. Text in ink stays readable up to `most`. */
export function shade(share: number, slot = 0, most = 0.42): string {
  const step = Math.round(Math.min(1, Math.max(0, share)) * 8) / 8;
  return `color-mix(in oklab, ${seriesColor(slot)} ${Math.round(step * most * 100)}%, var(--surface))`;
}
