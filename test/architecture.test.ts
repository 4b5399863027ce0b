import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readSource, type SourceFacts } from "./support/source-imports.ts";

/** Every arrow there may be between layers, types included. ARCHITECTURE.md says it in words. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  wire: ["core"],
  engine: ["core"],
  data: ["core", "engine"],
  tasks: ["core", "wire"],
  textgrad: ["core"],
  runs: ["core"],
  log: ["core"],
  server: ["core", "wire", "engine", "data", "tasks", "textgrad", "runs"],
  client: ["core", "wire"],
  ui: ["core", "client"],
  cli: ["core", "data", "engine", "server", "client", "tasks"],
  "index.ts": ["core", "engine", "tasks", "textgrad", "server", "client"],
};

/** Layers that run in a browser as well, and the npm packages that each may use there. */
const RUNS_ANYWHERE: Readonly<Record<string, readonly string[]>> = {
  core: [],
  wire: [],
  engine: [],
  textgrad: ["openai"],
  client: [],
  ui: ["preact", "@preact/signals", "uplot", "@uwdata/flechette"],
};

/** Names that only Node has. */
const NODE_GLOBALS = /(?<![.\w$])(?:(?:Buffer|__dirname|__filename|setImmediate|clearImmediate)\b(?!\s*:)|process\s*(?:\?\.|[.[]))/;

const root = fileURLToPath(new URL("..", import.meta.url));
const sources = new Map<string, SourceFacts>(
  readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => /\.tsx?$/.test(file))
    .sort()
    .map((file) => [file, readSource(readFileSync(join(root, "src", file), "utf8"))]),
);
/** AssemblyScript is a language of its own: it becomes a kernel and imports within its folder only. */
const isAssembly = (file: string): boolean => file.includes("/assembly/");
const isGenerated = (file: string): boolean => file.endsWith(".generated.ts");
const written = [...sources].filter(([file]) => !isAssembly(file) && !isGenerated(file));

/** First part of a path below src: the layer. A path that leaves src begins with `..`. */
function layerOf(file: string): string {
  return file.split("/")[0]!;
}

/** The file below src that a relative specifier means. Code in `new URL()` names the emitted `.js`. */
function targetOf(file: string, specifier: string): string {
  const target = posix.join(posix.dirname(file), specifier);
  return target.replace(/\.js$/, ".ts");
}

const relativeImports = (file: string, facts: SourceFacts): string[] =>
  facts.imports.filter((name) => name.startsWith(".")).map((name) => targetOf(file, name));

const packagesOf = (facts: SourceFacts): string[] =>
  facts.imports
    .filter((name) => !name.startsWith("."))
    .map((name) => {
      const parts = name.split("/");
      return name.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0]!;
    });

describe("layers", () => {
  test("are all known", () => {
    const layers = new Set([...sources.keys()].map(layerOf));
    expect([...layers].filter((layer) => MAY_IMPORT[layer] === undefined)).toEqual([]);
  });

  test("import only from layers below them", () => {
    const wrong = written.flatMap(([file, facts]) =>
      relativeImports(file, facts)
        .filter((target) => layerOf(target) !== layerOf(file) && MAY_IMPORT[layerOf(file)]?.includes(layerOf(target)) !== true)
        .map((target) => `${file} must not import ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test("import files that exist, by their full name", () => {
    const missing = written.flatMap(([file, facts]) =>
      relativeImports(file, facts)
        .filter((target) => !isGenerated(target) && !existsSync(join(root, "src", target)))
        .map((target) => `${file} imports ${target}, which is not there`),
    );
    expect(missing).toEqual([]);
  });

  test("ARCHITECTURE.md lists each of them", () => {
    const text = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
    const layers = new Set([...sources.keys()].map(layerOf).filter((layer) => !layer.endsWith(".ts")));
    expect([...layers].filter((layer) => !new RegExp(`^\\s*${layer}/\\s`, "m").test(text))).toEqual([]);
  });
});

test("no file imports itself by way of others", () => {
  expect(findCycles(new Map(written.map(([file, facts]) => [file, relativeImports(file, facts)])))).toEqual([]);
});

describe("code that runs anywhere", () => {
  const portable = written.filter(([file]) => RUNS_ANYWHERE[layerOf(file)] !== undefined);

  test("imports nothing of Node's", () => {
    const wrong = portable.flatMap(([file, facts]) =>
      facts.imports.filter((name) => name.startsWith("node:") || builtinModules.includes(name)).map((name) => `${file} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  test("uses no global that only Node has", () => {
    const wrong = portable.flatMap(([file, facts]) => {
      const found = facts.code.match(NODE_GLOBALS);
      return found === null ? [] : [`${file} uses ${found[0]}`];
    });
    expect(wrong).toEqual([]);
  });

  test("uses only the packages named here", () => {
    const wrong = portable.flatMap(([file, facts]) =>
      packagesOf(facts)
        .filter((name) => !name.startsWith("node:") && RUNS_ANYWHERE[layerOf(file)]?.includes(name) !== true)
        .map((name) => `${file} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe("npm packages", () => {
  const manifest: { dependencies: Record<string, string> } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const dependencies = Object.keys(manifest.dependencies);
  const used = written
    .filter(([file]) => layerOf(file) !== "ui")
    .flatMap(([file, facts]) => packagesOf(facts).map((name) => ({ file, name })));

  test("that code in Node imports are dependencies; Node's own modules are imported as node:", () => {
    const undeclared = used.filter(({ name }) => !name.startsWith("node:") && !dependencies.includes(name));
    expect(undeclared.map(({ file, name }) => `${file} imports ${name}`)).toEqual([]);
  });

  test("that are dependencies are used", () => {
    expect(dependencies.filter((name) => !used.some((use) => use.name === name))).toEqual([]);
  });
});

test("AssemblyScript imports only within its folder", () => {
  const wrong = [...sources]
    .filter(([file]) => isAssembly(file))
    .flatMap(([file, facts]) => facts.imports.filter((name) => !/^\.\/[^/]+$/.test(name)).map((name) => `${file} imports ${name}`));
  expect(wrong).toEqual([]);
});

test("entry points list named exports", () => {
  const entries = written.filter(([file]) => /^(?:index|[a-z]+\/index)\.ts$/.test(file));
  expect(entries.filter(([, facts]) => /export\s*\*(?!\s*as\b)/.test(facts.code)).map(([file]) => file)).toEqual([]);
});

describe("the reader of sources", () => {
  test("finds every way to import, types included, and none in comments, strings and templates", () => {
    const { imports, code } = readSource(`
// import a from "./comment.ts";
/** import b from "./doc.ts" */
import c, {
  type d,
} from "./c.ts";
import type { e } from './e.ts';
export * from "./f.ts";
export type { g } from "./g.ts";
import "./h.ts";
const i = await import("./i.ts");
type J = import("./j.ts").J;
const k = "import l from './string.ts'";
const m = \`import n from "./template.ts" \${f("{") + \`}\`} import("./inner.ts")\`;
const url = new URL("./daemon.js", import.meta.url);
const page = new URL("../ui/", import.meta.url);
const o = a / b; import("./after-division.ts"); const p = 1 / 2;
const q = x.replace(/["'/]/g, "Buffer"); import("./after-regexp.ts");
`);
    expect(imports.toSorted()).toEqual(
      [
        "./c.ts",
        "./e.ts",
        "./f.ts",
        "./g.ts",
        "./h.ts",
        "./i.ts",
        "./j.ts",
        "./daemon.js",
        "./after-division.ts",
        "./after-regexp.ts",
      ].sort(),
    );
    expect(code).not.toContain("Buffer");
  });

  test("tells Node's globals from fields and keys of the same name", () => {
    for (const code of ["Buffer.from(x)", "process.env", "x = process?.pid", "process[y]", "(__dirname)"])
      expect(code).toMatch(NODE_GLOBALS);
    for (const code of ["{ Buffer: 1 }", "view.process.x", "process(x)", "ArrayBuffer", "preprocess.x"])
      expect(code).not.toMatch(NODE_GLOBALS);
  });

  test("finds cycles of any length", () => {
    const graph = new Map([
      ["a", ["b"]],
      ["b", ["c"]],
      ["c", ["a", "d"]],
      ["d", []],
      ["e", ["e"]],
    ]);
    expect(findCycles(graph)).toEqual(["a -> b -> c -> a", "e -> e"]);
  });
});

/** One cycle per strand of a depth-first walk, as `a -> b -> a`. */
function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): void => {
    const at = path.indexOf(node);
    if (at >= 0) cycles.push([...path.slice(at), node].join(" -> "));
    if (at >= 0 || done.has(node)) return;
    path.push(node);
    for (const next of graph.get(node) ?? []) visit(next);
    path.pop();
    done.add(node);
  };
  for (const node of graph.keys()) visit(node);
  return cycles;
}
