/** What the charts of a classifier derive from its curves. Pure. */
import type { CalibrationCurve, ConfusionMatrix, PrCurve, RocCurve } from "./types.ts";

export const POOLED = "aggregate";

/** The curves to draw: those on held-out rows, or on training rows when there are no others. */
export function shownCurves<C extends { readonly split: "training" | "test" }>(curves: readonly C[]): readonly C[] {
  const held = curves.filter((curve) => curve.split === "test");
  return held.length > 0 ? held : curves;
}

/**
 * The precision–recall curve of a ROC curve. With a share π of the class among the rows, precision is
 * π·TPR / (π·TPR + (1 − π)·FPR): the two curves hold the same counts (Davis & Goadrich 2006, doi:10.1145/1143844.1143874).
 * Where nothing is predicted positive yet, precision is that of the first threshold.
 *
 * @param prevalence share of the class, in (0, 1)
 */
export function prFromRoc(curve: RocCurve, prevalence: number): PrCurve {
  const recall: number[] = [];
  const precision: number[] = [];
  let average = 0;
  let before = 0;
  for (let i = 0; i < curve.tpr.length; i++) {
    const tpr = curve.tpr[i] as number;
    const fpr = curve.fpr[i] as number;
    const called = prevalence * tpr + (1 - prevalence) * fpr;
    if (called <= 0) continue;
    const value = (prevalence * tpr) / called;
    if (recall.length === 0) {
      recall.push(0);
      precision.push(value);
    }
    average += (tpr - before) * value;
    before = tpr;
    recall.push(tpr);
    precision.push(value);
  }
  return {
    class: curve.class,
    fold: curve.fold,
    split: curve.split,
    recall,
    precision,
    average: recall.length > 0 ? average : null,
    prevalence,
  };
}

/** Precision–recall curves of pooled ROC curves; the share of each class is that of the rows in the confusion matrix. */
export function precisionRecall(curves: readonly RocCurve[], confusion: ConfusionMatrix | null): readonly PrCurve[] {
  if (confusion === null) return [];
  const rows = confusion.counts.map((counts) => counts.reduce((sum, count) => sum + count, 0));
  const all = rows.reduce((sum, count) => sum + count, 0);
  return curves
    .filter((curve) => curve.fold === POOLED)
    .flatMap((curve) => {
      const share = (rows[confusion.classes.indexOf(curve.class)] ?? 0) / all;
      return share > 0 && share < 1 ? [prFromRoc(curve, share)] : [];
    });
}

/** TPR of a ROC curve at a false positive rate; the highest one where the curve is vertical. */
export function tprAt(curve: RocCurve, fpr: number): number {
  let below = 0;
  for (let i = 0; i < curve.fpr.length; i++) {
    const at = curve.fpr[i] as number;
    if (at > fpr) {
      const from = curve.fpr[i - 1] ?? 0;
      const low = curve.tpr[i - 1] ?? 0;
      return at === from ? low : low + ((fpr - from) / (at - from)) * ((curve.tpr[i] as number) - low);
    }
    below = curve.tpr[i] as number;
  }
  return below;
}

/** In words: which way the predictions err most. */
export function calibrationSentence(curve: CalibrationCurve): string {
  let worst = curve.bins[0];
  for (const bin of curve.bins) {
    if (worst === undefined || Math.abs(bin.observed - bin.mean_predicted) > Math.abs(worst.observed - worst.mean_predicted)) worst = bin;
  }
  if (worst === undefined) return "No predictions to compare.";
  const covered = curve.bins.filter((bin) => bin.low <= bin.mean_predicted && bin.mean_predicted <= bin.high).length;
  const gap = worst.observed - worst.mean_predicted;
  const agree = `${covered} of ${curve.bins.length} bins agree with what happened within their interval`;
  if (Math.abs(gap) < 0.02) return `${agree}; no bin is off by more than 0.02.`;
  const way = gap > 0 ? "too low" : "too high";
  return `${agree}; the largest miss is ${Math.abs(gap).toFixed(2)} ${way}, at a predicted ${worst.mean_predicted.toFixed(2)}.`;
}
