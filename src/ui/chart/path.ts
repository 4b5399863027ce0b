/** Points to SVG path data. Pure. */

type Position = (value: number) => number;

/** Coordinates are rounded to a tenth of a pixel: invisible, and a third of the text. */
function px(value: number): string {
  return (Math.round(value * 10) / 10).toString();
}

/**
 * A polyline through the points. Points nearer than `minDistance` px to the last drawn one are left out, except the last of a
 * stretch; a value that is not finite breaks the line.
 */
export function linePath(x: ArrayLike<number>, y: ArrayLike<number>, atX: Position, atY: Position, minDistance = 0.5): string {
  let path = "";
  let lastX = Number.NaN;
  let lastY = Number.NaN;
  let pending = "";
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const left = atX(x[i] as number);
    const top = atY(y[i] as number);
    if (!Number.isFinite(left) || !Number.isFinite(top)) {
      path += pending;
      pending = "";
      lastX = Number.NaN;
      continue;
    }
    if (Number.isNaN(lastX)) path += `M${px(left)} ${px(top)}`;
    else if (Math.abs(left - lastX) < minDistance && Math.abs(top - lastY) < minDistance) {
      pending = `L${px(left)} ${px(top)}`;
      continue;
    } else path += `L${px(left)} ${px(top)}`;
    pending = "";
    lastX = left;
    lastY = top;
  }
  return path + pending;
}

/** A staircase: across to each new x at the new point's height, as precision falls between thresholds. */
export function stepPath(x: ArrayLike<number>, y: ArrayLike<number>, atX: Position, atY: Position): string {
  let path = "";
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const left = px(atX(x[i] as number));
    const top = px(atY(y[i] as number));
    path += i === 0 ? `M${left} ${top}` : `V${top}H${left}`;
  }
  return path;
}

/** The area between a line and a height, closed. */
export function areaPath(x: ArrayLike<number>, y: ArrayLike<number>, atX: Position, atY: Position, base: number): string {
  const line = linePath(x, y, atX, atY);
  if (line === "" || x.length === 0) return "";
  return `${line}L${px(atX(x[x.length - 1] as number))} ${px(atY(base))}L${px(atX(x[0] as number))} ${px(atY(base))}Z`;
}
