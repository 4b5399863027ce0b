// Writes the table of options in docs/preprocessing.md from their declarations. Run after a build: node scripts/preprocessing-docs.mjs
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

const BEGIN = "<!-- options: written by scripts/preprocessing-docs.mjs from the declarations in code -->\n";
const END = "<!-- /options -->\n";

const SHAPES = { list: "list of ", numbers: "column → ", levels: "column → list of ", settings: "settings, " };

/** Names of options, and patterns of names, stand out. */
const prose = (text, names) =>
  text.replaceAll(/[\w.]*<\w+>\S*[\w>]|[\w.]+/g, (word) =>
    word.includes("<") || (names.has(word) && /[_\d]/.test(word)) ? `\`${word}\`` : word,
  );
const cell = (text) => String(text).replaceAll("|", "\\|");
const short = (value) => (typeof value === "object" ? JSON.stringify(value).replaceAll(",", ", ") : String(value));

function allowed({ type, choices, min, max, minExclusive, zeroIsOff }) {
  if (choices !== undefined) return choices.map((choice) => `\`${choice}\``).join(", ");
  if (type === "logical") return "true, false";
  const low = min === undefined ? "" : `${zeroIsOff ? "0, " : ""}${minExclusive ? "above" : "from"} ${min}`;
  const high = max === undefined ? "" : `to ${max}`;
  return [low, high].filter((part) => part !== "").join(" ") || "any";
}

function rowOf(option, names) {
  const { name, type, holds, follows, automatic, help } = option;
  const standard = follows !== undefined ? `as \`${follows}\`` : option.default === null ? automatic : short(option.default);
  const cells = [`\`${name}\``, `${holds === undefined ? "" : SHAPES[holds]}${type}`, standard, allowed(option), prose(help, names)];
  return `| ${cells.map(cell).join(" | ")} |`;
}

/** The text of docs/preprocessing.md with its table made anew. */
export function preprocessingDocs(text, options) {
  const [before, rest] = [text.slice(0, text.indexOf(BEGIN)), text.slice(text.indexOf(END))];
  const table = [
    "| option | type | default | allowed | what it does |",
    "| --- | --- | --- | --- | --- |",
    ...options.map((option) => rowOf(option, new Set(options.map(({ name }) => name)))),
  ];
  return `${before}${BEGIN}\n${table.join("\n")}\n\n${rest}`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { PREPROCESSOR_OPTIONS } = await import("../dist/engine/preprocessing/options.js");
  const file = fileURLToPath(new URL("../docs/preprocessing.md", import.meta.url));
  writeFileSync(file, preprocessingDocs(readFileSync(file, "utf8"), PREPROCESSOR_OPTIONS));
}
