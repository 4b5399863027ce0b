import vm from "node:vm";
import type { TaskCode, TaskFunction } from "./profile.ts";

type AnyTask = TaskFunction<unknown, unknown>;

/** Shipped functions may `import()`: the specifiers are resolved as in the program's own folder. Node before 20.12 lacks the constant. */
const importsAsMain = (vm.constants as { readonly USE_MAIN_CONTEXT_DEFAULT_LOADER?: unknown } | undefined)?.USE_MAIN_CONTEXT_DEFAULT_LOADER;

/** The function that code means, in this process. @throws {TypeError} when there is none. */
export async function loadCode(code: TaskCode): Promise<AnyTask> {
  if ("source" in code) return compile(code.source, code.label, (text, options) => vm.runInThisContext(text, options));
  const exported: unknown = ((await import(code.module)) as Readonly<Record<string, unknown>>)[code.export];
  if (typeof exported !== "function") throw new TypeError(`${code.module} exports no function named "${code.export}"`);
  return exported as AnyTask;
}

/** A function from its source. `source` is an expression: `code.ts` made it one. */
export function compile(source: string, label: string, run: (text: string, options: vm.RunningScriptOptions) => unknown): AnyTask {
  const options = { filename: `mirai:${label}`, ...(importsAsMain === undefined ? {} : { importModuleDynamically: importsAsMain }) };
  const made = run(source, options as vm.RunningScriptOptions);
  if (typeof made !== "function") throw new TypeError(`the source of task "${label}" is no function`);
  return made as AnyTask;
}
