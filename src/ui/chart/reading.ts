import { useState } from "preact/hooks";
import { announce } from "../kit/toast.tsx";

/** Where the reading cursor stands: which series, which of its points. */
export interface ReadingPosition {
  readonly series: number;
  readonly index: number;
}

/**
 * Where a key takes the reading cursor: ←/→ point by point (Ctrl: a tenth of all), Home/End, ↑/↓ to the next series. The first
 * key enters at the first point. Null when the key means nothing here. Pure.
 */
export function moveReading(
  position: ReadingPosition | null,
  event: { readonly key: string; readonly ctrlKey: boolean },
  lengths: readonly number[],
): ReadingPosition | null {
  const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1 };
  const rows: Record<string, number> = { ArrowUp: -1, ArrowDown: 1 };
  const known = event.key in steps || event.key in rows || event.key === "Home" || event.key === "End";
  const firstFilled = lengths.findIndex((length) => length > 0);
  if (!known || firstFilled === -1) return null;
  if (position === null) return { series: firstFilled, index: event.key === "End" ? (lengths[firstFilled] as number) - 1 : 0 };
  const length = lengths[position.series] ?? 0;
  const step = steps[event.key];
  if (step !== undefined) {
    const by = event.ctrlKey ? Math.max(1, Math.round(length / 10)) : 1;
    return { series: position.series, index: clamp(position.index + step * by, length) };
  }
  if (event.key === "Home") return { series: position.series, index: 0 };
  if (event.key === "End") return { series: position.series, index: length - 1 };
  let series = position.series;
  do series = (series + (rows[event.key] as number) + lengths.length) % lengths.length;
  while ((lengths[series] ?? 0) === 0);
  // Series of different lengths: stay at the same share of the way.
  const share = length > 1 ? position.index / (length - 1) : 0;
  return { series, index: clamp(Math.round(share * ((lengths[series] as number) - 1)), lengths[series] as number) };
}

function clamp(index: number, length: number): number {
  return Math.min(Math.max(0, index), Math.max(0, length - 1));
}

/** The reading cursor of a chart: its position, the keys that move it, and how to leave. `read` is what is announced. */
export function useReading(lengths: readonly number[], read: (position: ReadingPosition) => string) {
  const [position, setPosition] = useState<ReadingPosition | null>(null);
  const onKey = (event: KeyboardEvent): boolean => {
    const next = moveReading(position, event, lengths);
    if (next === null) return false;
    setPosition(next);
    announce(read(next));
    return true;
  };
  const isValid = position !== null && position.index < (lengths[position.series] ?? 0);
  return { position: isValid ? position : null, onKey, leave: () => setPosition(null), setPosition };
}
