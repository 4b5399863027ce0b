/** A chart as a file: SVG, PNG, CSV. Runs in the browser; nothing is sent anywhere. */
import { tableToCsv } from "./csv.ts";
import type { ChartTable } from "./types.ts";

const STYLES = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-linecap",
  "stroke-linejoin",
  "stroke-opacity",
  "opacity",
  "font-family",
  "font-size",
  "font-weight",
  "text-anchor",
  "dominant-baseline",
  "visibility",
] as const;

/** The chart as SVG text that stands alone: computed styles written out, canvases embedded as pictures, surface behind. */
export function chartToSvg(plot: HTMLElement, title: string): string {
  const source = plot.querySelector("svg");
  const box = plot.getBoundingClientRect();
  const size = { width: Math.ceil(box.width), height: Math.ceil(box.height) };
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  svg.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
  svg.setAttribute("width", String(size.width));
  svg.setAttribute("height", String(size.height));
  const name = document.createElementNS(svg.namespaceURI, "title");
  name.textContent = title;
  const ground = document.createElementNS(svg.namespaceURI, "rect");
  ground.setAttribute("width", "100%");
  ground.setAttribute("height", "100%");
  ground.setAttribute("fill", getComputedStyle(document.documentElement).getPropertyValue("--surface").trim());
  svg.append(name, ground);
  for (const canvas of plot.querySelectorAll("canvas")) svg.append(canvasImage(canvas, box));
  if (source !== null) svg.append(...styledCopy(source).childNodes);
  return new XMLSerializer().serializeToString(svg);
}

function canvasImage(canvas: HTMLCanvasElement, box: DOMRect): SVGElement {
  const at = canvas.getBoundingClientRect();
  const image = document.createElementNS("http://www.w3.org/2000/svg", "image");
  image.setAttribute("x", String(at.left - box.left));
  image.setAttribute("y", String(at.top - box.top));
  image.setAttribute("width", String(at.width));
  image.setAttribute("height", String(at.height));
  image.setAttribute("href", canvas.toDataURL("image/png"));
  return image;
}

function styledCopy(source: SVGSVGElement): SVGSVGElement {
  const copy = source.cloneNode(true) as SVGSVGElement;
  const originals = [source, ...source.querySelectorAll("*")];
  const copies = [copy, ...copy.querySelectorAll("*")];
  originals.forEach((original, i) => {
    const styles = getComputedStyle(original);
    const target = copies[i] as SVGElement;
    for (const style of STYLES) {
      const value = styles.getPropertyValue(style);
      if (value !== "") target.setAttribute(style, value);
    }
    target.removeAttribute("class");
    target.removeAttribute("style");
  });
  return copy;
}

/** Draws the SVG at twice its size. */
export async function svgToPng(svg: string, scale = 2): Promise<Blob> {
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth * scale;
    canvas.height = image.naturalHeight * scale;
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
    if (blob === null) throw new Error("the browser could not draw the chart as PNG; export it as SVG instead");
    return blob;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Hands a file to the browser's downloads. */
export function saveFile(name: string, content: Blob | string, type = "text/plain"): void {
  const url = URL.createObjectURL(typeof content === "string" ? new Blob([content], { type }) : content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export type ExportKind = "svg" | "png" | "csv";

/** Saves the chart under a name made from its title. */
export async function exportChart(kind: ExportKind, title: string, plot: HTMLElement, table: ChartTable): Promise<void> {
  const name = fileName(title, kind);
  if (kind === "csv") return saveFile(name, tableToCsv(table), "text/csv");
  const svg = chartToSvg(plot, title);
  if (kind === "svg") return saveFile(name, svg, "image/svg+xml");
  saveFile(name, await svgToPng(svg));
}

/** `roc-curve.svg` from "ROC curve". Pure. */
export function fileName(title: string, extension: string): string {
  const stem = title
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return `${stem === "" ? "chart" : stem.slice(0, 60)}.${extension}`;
}
