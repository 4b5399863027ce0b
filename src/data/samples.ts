import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { TrainyardError } from "../core/errors.ts";
import { didYouMean } from "../core/nearest.ts";

/** A bundled table, as `data.samples` lists it. */
export interface Sample {
  readonly name: string;
  readonly title: string;
  readonly file: string;
  readonly rows: number;
  readonly cols: number;
  readonly target: string;
  readonly task: "classification" | "regression";
  readonly description: string;
}

/** Tables to try things on, in `samples/` of the package. Sources are in `samples/README.md`. */
export const SAMPLES: readonly Sample[] = [
  {
    name: "iris",
    title: "Iris flowers",
    file: "iris.csv",
    rows: 150,
    cols: 5,
    target: "species",
    task: "classification",
    description: "Which of three species a flower is, from four measurements.",
  },
  {
    name: "breast_cancer",
    title: "Breast tumours",
    file: "breast_cancer.csv",
    rows: 569,
    cols: 31,
    target: "diagnosis",
    task: "classification",
    description: "Whether a tumour is malignant, from 30 measurements of cell nuclei.",
  },
  {
    name: "wine",
    title: "Italian wines",
    file: "wine.csv",
    rows: 178,
    cols: 14,
    target: "cultivar",
    task: "classification",
    description: "Which of three cultivars a wine comes from, by its chemistry.",
  },
  {
    name: "titanic",
    title: "Titanic passengers",
    file: "titanic.csv",
    rows: 2201,
    cols: 4,
    target: "Survived",
    task: "classification",
    description: "Who survived, by class, sex and age; text columns only.",
  },
  {
    name: "pbc",
    title: "Liver disease (PBC)",
    file: "pbc.csv",
    rows: 418,
    cols: 20,
    target: "status",
    task: "classification",
    description: "How patients in a liver trial fared; mixed types and missing values.",
  },
  {
    name: "diabetes",
    title: "Diabetes progression",
    file: "diabetes.csv",
    rows: 442,
    cols: 11,
    target: "progression",
    task: "regression",
    description: "How far the disease went in a year, from ten measurements.",
  },
];

/** The file of a sample, wherever this module runs from. @throws {TrainyardError} `not_found` for an unknown name. */
export function samplePath(name: string): string {
  const sample = SAMPLES.find((candidate) => candidate.name === name);
  if (sample === undefined) {
    const names = SAMPLES.map((candidate) => candidate.name);
    throw new TrainyardError("not_found", `there is no sample "${name}".${didYouMean(name, names)} Samples are ${names.join(", ")}.`);
  }
  return join(samplesFolder(), sample.file);
}

/** `samples/` beside the nearest package.json above this file: the same from `src/` and from `dist/`. */
function samplesFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return join(folder, "samples");
    if (folder === dirname(folder)) throw new TrainyardError("not_found", "the package has no samples folder; install it again");
  }
}
