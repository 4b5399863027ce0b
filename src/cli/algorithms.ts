import { ALGORITHMS, algorithmOf } from "../engine/algorithms/registry.ts";
import type { HyperparameterSchema } from "../engine/hyperparameter.ts";

/** `trainyard algorithms [NAME]`: the catalogue, or one entry with everything its declaration says. */
export function algorithmsCommand(name: string | undefined, flags: { json?: boolean }): void {
  const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  if (name === undefined) {
    if (flags.json === true) print({ algorithms: ALGORITHMS.map(({ name, description, supports }) => ({ name, description, supports })) });
    else for (const { name, description } of ALGORITHMS) process.stdout.write(`${name.padEnd(14)}${description}\n`);
    return;
  }
  const algorithm = algorithmOf(name);
  if (flags.json === true) {
    const { name, description, source, supports, handles, hyperparameters } = algorithm;
    print({ name, description, source, supports, handles, hyperparameters });
    return;
  }
  const lines = [`${algorithm.name}: ${algorithm.description}`, "", `Source: ${algorithm.source}`, "", "Hyperparameters:", ""];
  for (const schema of algorithm.hyperparameters)
    lines.push(`  ${schema.name} = ${JSON.stringify(schema.default)}  ${domain(schema)}`, `      ${schema.help}`);
  process.stdout.write(`${lines.join("\n")}\n`);
}

function domain(schema: HyperparameterSchema): string {
  const parts = [
    schema.choices?.join(" | ") ?? schema.type,
    schema.min === undefined ? "" : `${schema.minExclusive === true ? "above" : "from"} ${schema.min}`,
    schema.max === undefined ? "" : `${schema.maxExclusive === true ? "below" : "to"} ${schema.max}`,
    schema.automatic === undefined ? "" : `null: ${schema.automatic}`,
    schema.tunable ? "tunable" : "",
  ];
  return `(${parts.filter((part) => part !== "").join("; ")})`;
}
