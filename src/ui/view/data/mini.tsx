import type { ColumnProfile } from "../../../client/index.ts";
import { Histogram, LevelBars } from "../../chart/histogram.tsx";

/** A column's values at a glance: bars of equal width for numbers, shares for categories. */
export function MiniDistribution({ column }: { column: ColumnProfile }) {
  if (column.numeric !== null) return <Histogram compact label={column.name} edges={column.numeric.edges} counts={column.numeric.counts} />;
  if (column.levels !== null && column.levels.length > 0)
    return <LevelBars compact label={column.name} levels={column.levels} other={column.n_other} />;
  return <span class="a-quiet">–</span>;
}
