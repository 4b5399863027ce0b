export { CalibrationChart, type CalibrationChartProps } from "./calibration.tsx";
export { POOLED, prFromRoc } from "./classification.ts";
export { seriesColor, seriesDash, shade } from "./color.ts";
export { ConfusionTable, type ConfusionTableProps } from "./confusion.tsx";
export { tableToCsv } from "./csv.ts";
export { saveFile } from "./export.ts";
export { FoldGrid, type FoldGridProps } from "./fold-grid.tsx";
export type { CellState, GridCandidate, GridCell, GridFold } from "./fold-grid-model.ts";
export { FoldStrip, type FoldStripProps, stripDomain } from "./fold-strip.tsx";
export { ChartFrame, type ChartFrameProps, Legend } from "./frame.tsx";
export { Histogram, type HistogramProps, LevelBars, type LevelBarsProps } from "./histogram.tsx";
export { ImportanceBars, type ImportanceBarsProps } from "./importance.tsx";
export type { LiveLine } from "./live/lines-model.ts";
export { LiveLines, type LiveLinesProps } from "./live/live-lines.tsx";
export { SeriesBuffer } from "./live/series-buffer.ts";
export { PrChart, type PrChartProps, RocChart, type RocChartProps } from "./roc.tsx";
export { ScatterChart, type ScatterChartProps } from "./scatter.tsx";
export type {
  CalibrationBin,
  CalibrationCurve,
  ChartTable,
  ConfusionMatrix,
  ImportanceTable,
  LegendEntry,
  PrCurve,
  RocCurve,
} from "./types.ts";
