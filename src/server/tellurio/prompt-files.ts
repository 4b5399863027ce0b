import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InvalidArgumentError, messageOf } from "../../core/errors.ts";
import { didYouMean } from "../../core/nearest.ts";
import { DEFAULT_PROMPTS, type EnginePrompts, withPrompts } from "../../textgrad/index.ts";

/** What a prompt must hold to do its work. */
const NEEDED: Readonly<Partial<Record<keyof EnginePrompts, readonly string[]>>> = {
  backwardCompletion: ["{value}", "{conversation}", "{feedback}"],
  backwardEvaluation: ["{value}", "{target}"],
  combinedFeedback: ["{feedback}"],
  judgeForm: ["score"],
  scoreExplanation: ["{score}"],
  optimizerSystem: ["<NEW_VALUE>"],
  optimizerUser: ["{value}", "{feedback}"],
  optimizerConstraints: ["{items}"],
  optimizerPast: ["{items}"],
  optimizerExamples: ["{items}"],
};
const LONGEST = 100_000;

/**
 * The engine's own prompts with those replaced that a folder holds: one file each, named after the prompt: `optimizer-system.txt`. Read
 * once; a newline at the end is left out.
 * @throws {InvalidArgumentError} for a folder that cannot be read, an unknown name, or a text without what it needs.
 */
export function readPromptFiles(folder: string): EnginePrompts {
  const known = new Map((Object.keys(DEFAULT_PROMPTS) as (keyof EnginePrompts)[]).map((name) => [fileOf(name), name]));
  const replaced: Partial<Record<keyof EnginePrompts, string>> = {};
  for (const file of namesIn(folder)) {
    const name = known.get(file);
    if (name === undefined) {
      throw new InvalidArgumentError(
        `${join(folder, file)} is no prompt of the engine.${didYouMean(file, known.keys())} There are: ${[...known.keys()].join(", ")}.`,
      );
    }
    replaced[name] = checked(name, readFileSync(join(folder, file), "utf8").replace(/\r?\n$/, ""), join(folder, file));
  }
  return withPrompts(replaced);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith("."))
      .sort();
  } catch (cause) {
    throw new InvalidArgumentError(`The folder of prompts cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function checked(name: keyof EnginePrompts, text: string, path: string): string {
  if (text.trim() === "") throw new InvalidArgumentError(`${path} is empty. Remove it to have the engine's own prompt.`);
  if (text.length > LONGEST) throw new InvalidArgumentError(`${path} has ${text.length} characters; a prompt may have ${LONGEST}.`);
  const missing = (NEEDED[name] ?? []).filter((part) => !text.includes(part));
  if (missing.length > 0) throw new InvalidArgumentError(`${path} must contain ${missing.join(" and ")}.`);
  if (name === "combinedFeedback" && !text.endsWith("{feedback}")) throw new InvalidArgumentError(`${path} must end with {feedback}.`);
  return text;
}

/** `optimizerSystem` → `optimizer-system.txt`. */
function fileOf(name: string): string {
  return `${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.txt`;
}
