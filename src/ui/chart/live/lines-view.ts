/**
 * The picture of a chart of live lines: uPlot keeps axes, cursor and selection, our painter draws the series from their buffers.
 * The component around it owns what is chosen; this owns the canvas. Call `close` to let go of everything.
 */
import uPlot from "uplot";
import { DASHES } from "../color.ts";
import { formatTick, linearTicks, logTicks, tickStep } from "../scale.ts";
import { browserHost, type Drawable, Governor } from "./governor.ts";
import { type LineMark, type LiveLine, outward, type Range, xExtent, yExtent } from "./lines-model.ts";
import { type PlotArea, paintSeries } from "./painter.ts";
import { SmoothedSeries } from "./smoothing.ts";
import { type XKind, xLabels, xTicks } from "./x-axis.ts";

export interface LinesLook {
  readonly lines: readonly LiveLine[];
  readonly hidden: ReadonlySet<string>;
  readonly log: boolean;
  readonly xLog: boolean;
  readonly xKind: XKind;
  readonly marks: readonly LineMark[];
  readonly live: boolean;
  /** Half-life of the smoothing in units of x; 0 is none. */
  readonly halfLife: number;
  readonly height: number;
  readonly syncKey: string | undefined;
}

export interface LinesEvents {
  /** The reading position in x, or null when the pointer left. */
  readonly onCursor: (x: number | null) => void;
  readonly onDraw: () => void;
  /** The window of x that a person chose; null for all. */
  readonly onZoom?: (x: Range | null) => void;
}

let shared: Governor | null = null;
function governor(): Governor {
  shared ??= new Governor(browserHost());
  return shared;
}

export class LinesView implements Drawable {
  readonly #host: HTMLElement;
  readonly #events: LinesEvents;
  #look: LinesLook;
  #plot: uPlot | null = null;
  #zoom: Range | null = null;
  #x: Range = [0, 1];
  #y: Range | null = null;
  #isVisible = false;
  #smoothed = new Map<string, SmoothedSeries>();
  #dots: HTMLElement[] = [];
  readonly #unsubscribe = new Map<string, { data: unknown; stop: () => void }>();
  readonly #cleanup: (() => void)[] = [];

  constructor(host: HTMLElement, look: LinesLook, events: LinesEvents) {
    this.#host = host;
    this.#look = look;
    this.#events = events;
    this.#build();
    this.#follow();
    this.#watchPage();
    this.#cleanup.push(governor().add(this));
  }

  get isZoomed(): boolean {
    return this.#zoom !== null;
  }

  isVisible(): boolean {
    return this.#isVisible;
  }

  update(look: LinesLook): void {
    const before = this.#look;
    this.#look = look;
    if (before.halfLife !== look.halfLife) this.#smoothed.clear();
    if (before.hidden !== look.hidden || before.log !== look.log || before.live !== look.live) this.#y = null;
    if (before.xLog !== look.xLog || before.xKind !== look.xKind) this.#setZoom(null);
    if (before.log !== look.log || before.xLog !== look.xLog || before.xKind !== look.xKind || before.syncKey !== look.syncKey)
      this.#build();
    else if (before.height !== look.height) this.#resize();
    this.#follow();
    governor().urge(this);
  }

  draw(): void {
    const plot = this.#plot;
    if (plot === null) return;
    const y = this.#measure();
    plot.setData([[...this.#x], [...y]]);
    this.#events.onDraw();
  }

  /** Sets both ranges by the data as it is now. */
  #measure(): Range {
    const lines = this.#shownLines();
    this.#x = this.#zoom ?? this.#fullX();
    const now = yExtent(lines, this.#zoom, this.#look.log);
    const y = this.#look.live ? outward(this.#y, now) : now;
    // What an empty chart shows is nothing that a live axis would have to keep.
    this.#y = lines.some(({ data }) => data.length > 0) ? y : null;
    return y;
  }

  /** Zooms around the middle, or around `center`; above 1 comes nearer. */
  zoomBy(factor: number, center?: number): void {
    const full = this.#fullX();
    const { to, from } = this.#xUnits();
    const [first, last] = [to(this.#x[0]), to(this.#x[1])];
    const middle = center === undefined ? (first + last) / 2 : to(center);
    const low = from(middle - (middle - first) / factor);
    const high = from(middle + (last - middle) / factor);
    this.#zoomTo(low <= full[0] && high >= full[1] ? null : [Math.max(full[0], low), Math.min(full[1], high)]);
  }

  panBy(share: number): void {
    if (this.#zoom === null) return;
    const { to, from } = this.#xUnits();
    const [first, last] = this.#fullX().map(to) as [number, number];
    const [low, high] = this.#zoom.map(to) as [number, number];
    const start = Math.min(Math.max(first, low + (high - low) * share), last - (high - low));
    this.#zoomTo([from(start), from(start + high - low)]);
  }

  #fullX(): Range {
    return xExtent(this.#shownLines(), this.#look.live, this.#look.xLog);
  }

  /** Units in which x is even on the screen. */
  #xUnits(): { readonly to: (x: number) => number; readonly from: (unit: number) => number } {
    return this.#look.xLog ? { to: Math.log, from: Math.exp } : { to: (x) => x, from: (unit) => unit };
  }

  reset(): void {
    this.#zoomTo(null);
  }

  /** Puts the cursor line at x; null hides it. */
  point(x: number | null): void {
    const plot = this.#plot;
    if (plot === null) return;
    if (x === null) {
      plot.setCursor({ left: -10, top: -10 });
      return;
    }
    if (this.#zoom !== null && (x < this.#x[0] || x > this.#x[1])) {
      const { to } = this.#xUnits();
      const [low, high] = [to(this.#x[0]), to(this.#x[1])];
      this.panBy((to(x) - (low + high) / 2) / (high - low));
    }
    plot.setCursor({ left: plot.valToPos(x, "x"), top: plot.over.clientHeight / 2 });
  }

  close(): void {
    for (const entry of this.#unsubscribe.values()) entry.stop();
    for (const clean of this.#cleanup) clean();
    this.#plot?.destroy();
    this.#plot = null;
  }

  #shownLines(): readonly LiveLine[] {
    return this.#look.lines.filter((line) => !this.#look.hidden.has(line.id));
  }

  #zoomTo(zoom: Range | null): void {
    this.#setZoom(zoom);
    // At once, and not with the next draw: keys pressed in between go on from here.
    this.#x = zoom ?? this.#fullX();
    this.#y = null;
    governor().urge(this);
  }

  #setZoom(zoom: Range | null): void {
    if (this.#zoom === zoom) return;
    this.#zoom = zoom;
    this.#events.onZoom?.(zoom);
  }

  /** Listens to exactly the buffers that are shown. */
  #follow(): void {
    const wanted = new Map(this.#look.lines.map((line) => [line.id, line]));
    for (const [id, entry] of this.#unsubscribe) {
      if (wanted.get(id)?.data === entry.data) continue;
      entry.stop();
      this.#unsubscribe.delete(id);
      this.#smoothed.delete(id);
    }
    for (const line of this.#look.lines) {
      if (this.#unsubscribe.has(line.id)) continue;
      this.#unsubscribe.set(line.id, { data: line.data, stop: line.data.subscribe(() => governor().request(this)) });
    }
  }

  /** Redraws on what changes the picture from outside: size, visibility, theme, fonts. */
  #watchPage(): void {
    const urge = () => governor().urge(this);
    const sizes = new ResizeObserver(() => this.#resize());
    sizes.observe(this.#host);
    const seen = new IntersectionObserver((entries) => {
      this.#isVisible = entries.at(-1)?.isIntersecting ?? false;
      if (this.#isVisible) urge();
    });
    seen.observe(this.#host);
    const theme = new MutationObserver(urge);
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", urge);
    document.fonts.ready.then(urge, () => {});
    this.#cleanup.push(
      () => sizes.disconnect(),
      () => seen.disconnect(),
      () => theme.disconnect(),
      () => scheme.removeEventListener("change", urge),
    );
  }

  #resize(): void {
    const width = Math.floor(this.#host.clientWidth);
    if (this.#plot === null || width <= 0) return;
    if (width !== this.#plot.width || this.#look.height !== this.#plot.height) this.#plot.setSize({ width, height: this.#look.height });
    governor().urge(this);
  }

  #build(): void {
    this.#plot?.destroy();
    const width = Math.max(80, Math.floor(this.#host.clientWidth));
    // Measured first, so that no frame ever shows other axes than the data's.
    const y = this.#measure();
    this.#plot = new uPlot(this.#options(width), [[...this.#x], [...y]], this.#host);
    this.#dots = [];
    this.#plot.over.addEventListener("wheel", (event) => this.#onWheel(event), { passive: false });
  }

  #options(width: number): uPlot.Options {
    const log = this.#look.log;
    const font = `11px ${cssValue("--mono")}`;
    const axis = { stroke: () => cssValue("--ink2"), font, grid: { stroke: () => cssValue("--line"), width: 1 }, ticks: { show: false } };
    return {
      width,
      height: this.#look.height,
      legend: { show: false },
      padding: [10, this.#look.xKind === "clock" ? 30 : 20, 0, 0],
      scales: {
        x: { time: false, distr: this.#look.xLog ? 3 : 1, range: () => [...this.#x] },
        y: { distr: log ? 3 : 1, range: () => [...(this.#y ?? [log ? 0.1 : 0, 1])] },
      },
      axes: [
        {
          ...axis,
          size: 30,
          gap: 8,
          grid: { show: false },
          splits: (u) => {
            const { xKind, xLog } = this.#look;
            const ticks = xTicks(xKind, ...this.#x, Math.max(2, Math.floor(u.width / 110)), xLog);
            return this.#hasWholeX() ? ticks.filter(Number.isInteger) : ticks;
          },
          filter: (_, ticks) => ticks,
          values: (_, ticks) => xLabels(this.#look.xKind, ticks, this.#look.xLog),
        },
        {
          ...axis,
          size: 52,
          gap: 8,
          splits: () => this.#ySplits(),
          filter: (_, ticks) => ticks,
          values: (_, ticks) => (log ? ticks.map((tick) => formatTick(tick)) : labels(ticks)),
        },
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false, dist: 4 },
        bind: {
          dblclick: () => () => {
            this.reset();
            return null;
          },
        },
        ...(this.#look.syncKey === undefined ? {} : { sync: { key: this.#look.syncKey, scales: ["x", null] } }),
      },
      hooks: {
        draw: [(plot) => this.#paint(plot)],
        setSelect: [(plot) => this.#onSelect(plot)],
        setCursor: [(plot) => this.#onCursor(plot)],
      },
    } as uPlot.Options;
  }

  /** Rounds and steps have no fractions, so neither do their ticks. */
  #hasWholeX(): boolean {
    return this.#look.lines.every(
      ({ data }) => data.length === 0 || (Number.isInteger(data.xAt(0)) && Number.isInteger(data.xAt(data.length - 1))),
    );
  }

  #ySplits(): number[] {
    const [low, high] = this.#y ?? [0, 1];
    const count = Math.max(2, Math.floor(this.#look.height / 56));
    return this.#look.log ? logTicks(low, high, count + 2) : linearTicks(low, high, count);
  }

  #paint(plot: uPlot): void {
    const { left, top, width, height } = plot.bbox;
    const area: PlotArea = {
      left,
      top,
      width,
      height,
      x: this.#x,
      xLog: this.#look.xLog,
      toY: (value) => (this.#look.log && value <= 0 ? top + height : plot.valToPos(value, "y", true)),
      pixelRatio: devicePixelRatio,
    };
    for (const line of this.#shownLines()) {
      paintSeries(plot.ctx, line.data, area, {
        color: cssValue(`--series-${(line.color % 8) + 1}`),
        dash: DASHES[(line.dash ?? Math.floor(line.color / 8)) % DASHES.length] ?? [],
        smoothed: this.#look.halfLife > 0 ? this.#smoothedOf(line).update() : null,
        band: line.band ?? null,
      });
    }
    this.#paintMarks(plot);
    this.#placeDots(plot);
  }

  /** A dashed line across the chart for each thing that happened. */
  #paintMarks(plot: uPlot): void {
    const { ctx } = plot;
    const { left, top, width, height } = plot.bbox;
    ctx.save();
    ctx.strokeStyle = cssValue("--warn");
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    for (const mark of this.#look.marks) {
      const x = Math.round(plot.valToPos(mark.x, "x", true)) + 0.5;
      if (!(x >= left && x <= left + width)) continue;
      ctx.moveTo(x, top);
      ctx.lineTo(x, top + height);
    }
    ctx.stroke();
    ctx.restore();
  }

  #smoothedOf(line: LiveLine): SmoothedSeries {
    let series = this.#smoothed.get(line.id);
    if (series === undefined) {
      series = new SmoothedSeries(line.data, this.#look.halfLife);
      this.#smoothed.set(line.id, series);
    }
    return series;
  }

  #onSelect(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 4) return;
    const range: Range = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#zoomTo(range);
  }

  #onCursor(plot: uPlot): void {
    const left = plot.cursor.left ?? -1;
    this.#events.onCursor(left < 0 ? null : plot.posToVal(left, "x"));
    this.#placeDots(plot);
  }

  /** A dot on every shown line at the cursor. */
  #placeDots(plot: uPlot): void {
    const left = plot.cursor.left ?? -1;
    const x = left < 0 ? null : plot.posToVal(left, "x");
    const lines = x === null ? [] : this.#shownLines();
    while (this.#dots.length < lines.length) {
      const dot = document.createElement("div");
      dot.className = "c-dot";
      plot.over.append(dot);
      this.#dots.push(dot);
    }
    this.#dots.forEach((dot, i) => {
      const line = lines[i];
      const at = line === undefined || x === null ? -1 : line.data.nearest(x);
      const value = at < 0 || line === undefined ? Number.NaN : line.data.yAt(at);
      dot.hidden = line === undefined || !Number.isFinite(value) || (this.#look.log && value <= 0);
      if (dot.hidden || line === undefined) return;
      dot.style.background = `var(--series-${(line.color % 8) + 1})`;
      dot.style.transform = `translate(${plot.valToPos(line.data.xAt(at), "x") - 4}px, ${plot.valToPos(value, "y") - 4}px)`;
    });
  }

  #onWheel(event: WheelEvent): void {
    const plot = this.#plot;
    if (plot === null || !(event.ctrlKey || event.shiftKey)) return;
    event.preventDefault();
    if (event.shiftKey) this.panBy(Math.sign(event.deltaY || event.deltaX) * 0.1);
    else this.zoomBy(event.deltaY < 0 ? 1.25 : 0.8, plot.posToVal(event.offsetX, "x"));
  }
}

function cssValue(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function labels(ticks: readonly number[]): string[] {
  const step = ticks.length > 1 ? (ticks[1] as number) - (ticks[0] as number) : tickStep(1, 1);
  return ticks.map((tick) => formatTick(tick, step));
}
