/** What a TypeScript source refers to. */
export interface SourceFacts {
  /** Module specifiers of imports, exports, `import()` calls and types, and `new URL("./x.js", import.meta.url)` of code. */
  readonly imports: readonly string[];
  /** The source without comments and with empty strings, for looking at identifiers. */
  readonly code: string;
}

/** Reads a source by a scanner that knows comments, strings and templates; enough for code that biome has formatted. */
export function readSource(text: string): SourceFacts {
  const { withStrings, code } = scan(text);
  const imports: string[] = [];
  for (const pattern of PATTERNS) for (const match of withStrings.matchAll(pattern)) imports.push(match[1]!);
  return { imports, code };
}

const PATTERNS = [
  // import x from "m", export { x } from "m", import type …; the clause holds no quote and no semicolon
  /(?:^|[\n;}])\s*(?:import|export)\b[^"'`;]*?\bfrom\s*["']([^"']+)["']/g,
  /(?:^|[\n;}])\s*import\s*["']([^"']+)["']/g,
  /\bimport\s*\(\s*["']([^"']+)["']/g,
  /\brequire\s*\(\s*["']([^"']+)["']/g,
  /\bnew URL\(\s*["'](\.[^"']+\.[cm]?[jt]sx?)["']\s*,\s*import\.meta\.url/g,
];

function scan(text: string): { withStrings: string; code: string } {
  let withStrings = "";
  let code = "";
  /** Depths of braces at which a template's `${` was opened. */
  const templates: number[] = [];
  let depth = 0;
  let i = 0;
  const keep = (piece: string): void => {
    withStrings += piece;
    code += piece;
  };
  const skipTo = (end: number): string => {
    const piece = text.slice(i, end);
    i = end;
    return piece;
  };
  while (i < text.length) {
    const two = text.slice(i, i + 2);
    const one = text[i]!;
    if (two === "//") skipTo(indexOrEnd(text, "\n", i));
    else if (two === "/*") skipTo(indexOrEnd(text, "*/", i + 2) + 2);
    else if (one === '"' || one === "'") {
      const literal = skipTo(endOfString(text, i));
      withStrings += literal;
      code += `${one}${one}`;
    } else if (one === "`") {
      const end = endOfTemplate(text, i + 1);
      withStrings += skipTo(end.at).replaceAll(/["']/g, " ");
      code += "``";
      if (end.opens) templates.push(depth++);
    } else if (one === "}" && templates.length > 0 && templates.at(-1) === depth - 1) {
      depth = templates.pop()!;
      const end = endOfTemplate(text, i + 1);
      withStrings += skipTo(end.at).replaceAll(/["']/g, " ");
      code += "``";
      if (end.opens) templates.push(depth++);
    } else if (one === "/" && startsRegExp(code)) {
      skipTo(endOfRegExp(text, i));
      keep("/ /");
    } else {
      if (one === "{") depth++;
      if (one === "}") depth--;
      keep(skipTo(i + 1));
    }
  }
  return { withStrings, code };
}

function indexOrEnd(text: string, what: string, from: number): number {
  const at = text.indexOf(what, from);
  return at < 0 ? text.length : at;
}

function endOfString(text: string, from: number): number {
  let i = from + 1;
  while (i < text.length && text[i] !== text[from] && text[i] !== "\n") i += text[i] === "\\" ? 2 : 1;
  return i + 1;
}

/** Where the text part of a template ends: behind its back quote, or behind a `${`, which opens an expression. */
function endOfTemplate(text: string, from: number): { at: number; opens: boolean } {
  let i = from;
  while (i < text.length && text[i] !== "`") {
    if (text[i] === "$" && text[i + 1] === "{") return { at: i + 2, opens: true };
    i += text[i] === "\\" ? 2 : 1;
  }
  return { at: i + 1, opens: false };
}

/** A slash begins a regular expression after an operator, a bracket or a keyword, and divides after a value. */
function startsRegExp(code: string): boolean {
  const before = code.trimEnd();
  return (
    before === "" || /[([{,;=:?!&|+\-*%<>~^]$/.test(before) || /(?:^|[^.\w$])(?:return|typeof|case|of|in|yield|await|do|else)$/.test(before)
  );
}

function endOfRegExp(text: string, from: number): number {
  let i = from + 1;
  let inClass = false;
  while (i < text.length && text[i] !== "\n" && (inClass || text[i] !== "/")) {
    if (text[i] === "[") inClass = true;
    if (text[i] === "]") inClass = false;
    i += text[i] === "\\" ? 2 : 1;
  }
  return i + 1;
}
