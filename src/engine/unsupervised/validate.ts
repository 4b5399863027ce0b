import type { ConfigProblem } from "../../core/errors.ts";
import { didYouMean } from "../../core/nearest.ts";
import type { Clustering } from "../clustering.ts";
import { clusteringOf } from "../clusterings/registry.ts";
import type { Decomposition } from "../decomposition.ts";
import { decompositionOf } from "../decompositions/registry.ts";
import type { Hyperparameters } from "../hyperparameter.ts";
import { FieldReader, show } from "../train/field-reader.ts";
import type { TableShape } from "../train/shape.ts";
import { isSearchSpace, readHyperparameters } from "../train/validate-hyperparameters.ts";
import type { UnsupervisedConfig, UnsupervisedKind } from "./config.ts";

export interface CheckedUnsupervised {
  /** Null when there are problems. */
  readonly config: UnsupervisedConfig | null;
  readonly problems: readonly ConfigProblem[];
}

/** The method of that name. @throws {TrainyardError} `not_found`, naming the nearest. */
export function methodOf(kind: UnsupervisedKind, name: string): Decomposition | Clustering {
  return kind === "decomp" ? decompositionOf(name) : clusteringOf(name);
}

/**
 * Checks what a client asks for against a table's shape: `features` (all columns when absent), then `config`, or `hyperparameters` when there is no
 * `config`; `seed` and `question`. Other fields are ignored, as in version 1. What the columns hold is looked at by the job.
 *
 * @throws {TrainyardError} `not_found` when there is no such method.
 */
export function checkUnsupervised(
  kind: UnsupervisedKind,
  params: Readonly<Record<string, unknown>>,
  shape: TableShape,
  drawSeed: () => number = randomSeed,
): CheckedUnsupervised {
  const method = methodOf(kind, String(params.algorithm));
  const problems: ConfigProblem[] = [];
  const reader = new FieldReader(params, "", problems);
  const features = readFeatures(params.features, shape, problems);
  const given = readHyperparameters(params.config ?? params.hyperparameters, method, problems);
  const seed = reader.number("seed", null, { integer: true, min: 0, max: 2 ** 53 - 1 });
  const question = reader.text("question", null);
  if (problems.length > 0) return { config: null, problems };
  const hyperparameters: Hyperparameters = Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (isSearchSpace(value) ? [] : [[name, value]])),
  );
  return { config: { kind, algorithm: method.name, hyperparameters, features, seed: seed ?? drawSeed(), question }, problems };
}

function readFeatures(given: unknown, shape: TableShape, problems: ConfigProblem[]): readonly string[] {
  const names = shape.columns.map((column) => column.name);
  if (given === undefined || given === null) return names;
  const report = (message: string): void => {
    problems.push({ path: "features", message: `features ${message}` });
  };
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (list.length === 0) report("is empty; name at least one column, or leave it out to use all.");
  const chosen: string[] = [];
  for (const name of list) {
    if (typeof name !== "string" || name === "") report(`must hold names of columns, got ${show(name)}.`);
    else if (!names.includes(name)) report(`names a column that is not there: "${name}".${didYouMean(name, names)}`);
    else if (chosen.includes(name)) report(`names "${name}" twice.`);
    else chosen.push(name);
  }
  return chosen;
}

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1;
}
