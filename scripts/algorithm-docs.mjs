// Writes docs/algorithms.md from the declarations of the learners. Run after a build: node scripts/algorithm-docs.mjs
import { writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

const OPENING = `# Algorithms

Every supervised learner with what it can do, where it comes from, and all its hyperparameters. Names and defaults are the same on the page, on the
command line, in the API and in saved models. This page is written by \`node scripts/algorithm-docs.mjs\` from the declarations in code; do not edit it.
`;

const list = (words) => (words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`);
const cell = (text) => String(text).replaceAll("|", "\\|");

function tasksOf({ supports }) {
  const names = { classification: "classification", regression: "regression", survival: "survival" };
  return list(Object.keys(names).filter((name) => supports[name]));
}

function takes({ handles }) {
  if (handles.missing && handles.categories) return "takes missing values and categories as they are";
  if (handles.missing) return "takes missing values as they are; categories must be made numbers first";
  return handles.categories ? "takes categories as they are; missing values must be filled first" : "needs numbers without missing values";
}

function boundsOf(schema) {
  if (schema.choices !== undefined) return schema.choices.map((choice) => `\`${choice}\``).join(", ");
  if (schema.type === "logical") return "true, false";
  const low = schema.min === undefined ? "" : `${schema.minExclusive ? "above" : "from"} ${schema.min}`;
  const high = schema.max === undefined ? "" : `${schema.maxExclusive ? "below" : "to"} ${schema.max}`;
  return [low, high].filter((part) => part !== "").join(" ") || "any";
}

function defaultOf({ default: value, automatic }) {
  if (value === null) return `automatic: ${automatic}`;
  return Array.isArray(value) ? value.join(", ") : String(value);
}

function rowOf(schema) {
  const only = schema.tasks === undefined ? "" : ` (${list(schema.tasks)} only)`;
  const cells = [
    `\`${schema.name}\``,
    schema.type,
    defaultOf(schema),
    boundsOf(schema),
    schema.tunable ? "yes" : "no",
    `${schema.help}${only}`,
  ];
  return `| ${cells.map(cell).join(" | ")} |`;
}

/** The text of docs/algorithms.md for these learners. */
export function algorithmDocs(algorithms) {
  const sections = algorithms.map((algorithm) => {
    const { name, title, description, source, hyperparameters } = algorithm;
    const capital = description[0].toUpperCase() + description.slice(1);
    return `## ${name}: ${title.toLowerCase()}

${capital}, for ${tasksOf(algorithm)}; ${takes(algorithm)}.

Source: ${source}.

| hyperparameter | type | default | allowed | tunable | what it does |
| --- | --- | --- | --- | --- | --- |
${hyperparameters.map(rowOf).join("\n")}
`;
  });
  return [OPENING, ...sections].join("\n");
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { ALGORITHMS } = await import("../dist/engine/algorithms/registry.js");
  writeFileSync(fileURLToPath(new URL("../docs/algorithms.md", import.meta.url)), algorithmDocs(ALGORITHMS));
}
