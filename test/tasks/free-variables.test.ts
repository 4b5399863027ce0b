import { parseExpressionAt } from "acorn";
import { describe, expect, test } from "vitest";
import { toTaskCode } from "../../src/tasks/code.ts";
import { freeVariables } from "../../src/tasks/free-variables.ts";

const free = (source: string): string[] => freeVariables(parseExpressionAt(source, 0, { ecmaVersion: "latest" }));

describe("free variables", () => {
  const cases: readonly (readonly [source: string, names: readonly string[]])[] = [
    ["(a, b) => a + b + c", ["c"]],
    ["function f(n) { return n < 2 ? 1 : f(n - 1) + g(n) }", ["g"]],
    ["({ a, b: [c, ...d], ...e }, f = g) => a + c + d + e + f", ["g"]],
    ["(a = b, b) => a", []],
    ["() => { x; var x; { var y = 1 } return y }", []],
    ["() => { { let x = 1; const y = 2; } return x + y }", ["x", "y"]],
    ["() => { for (let i = 0; i < n; i++); return i }", ["n", "i"]],
    ["() => { for (const k of xs) k; for (const k in ys) k; k }", ["xs", "ys", "k"]],
    ["() => { for (var i = 0; ;) break; return i }", []],
    ["() => { try { t() } catch ({ message }) { message } message }", ["t", "message"]],
    ["() => { try { } catch { e } }", ["e"]],
    ["() => { switch (v) { case 1: let z = 2; break; default: z } z }", ["v", "z"]],
    ["() => { hoisted(); function hoisted() { return inner } }", ["inner"]],
    [
      "() => { class A extends B { #p = q; static s = A; static { var t = u; t } m() { return this.#p + w } } return new A }",
      ["B", "q", "u", "w"],
    ],
    ["() => ({ key: 1, short, [computed]: 2, method() { return 3 }, get g() { return h } })", ["short", "computed", "h"]],
    ["(o) => o.a.b[c].d?.e", ["c"]],
    ["() => { outer: for (;;) { continue outer } }", []],
    ["() => typeof maybe === 'undefined' ? typeof (sure) : 0", []],
    ["() => typeof maybe.x", ["maybe"]],
    ["function () { return arguments.length }", []],
    ["() => arguments.length", ["arguments"]],
    ["() => { y = 1; [p.q, r] = [1, 2] }", ["y", "p", "r"]],
    ["() => { const f = (x) => { const y = x; return y + outerY }; return f(y) }", ["outerY", "y"]],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source of a function with a template
    ["() => `a ${b} ${`${c}`}`", ["b", "c"]],
    ["() => tag`x`", ["tag"]],
    ["async () => { const { x } = await import(where); for await (const y of x) yield_(y) }", ["where", "yield_"]],
    ["function* () { yield z; return new.target }", ["z"]],
    ["() => { var f = function named() { return named }; return named }", ["named"]],
    ["() => /a(?<b>c)/.test(s)", ["s"]],
    ["(a) => { const { [a]: b = c } = a; return b }", ["c"]],
  ];
  test.each(cases)("of %s", (source, names) => {
    expect(free(source)).toEqual(names);
  });
});

const outside = 5;
const helper = (n: number): number => n + outside;

describe("shipped functions", () => {
  test("M-10: a variable from outside is refused in the caller, and named", () => {
    expect(() => toTaskCode((n: number) => n + outside)).toThrow(/"outside"/);
    expect(() => toTaskCode((n: number) => helper(n) + outside)).toThrow(
      expect.objectContaining({ code: "invalid_argument", details: { task: "anonymous", variables: ["helper", "outside"] } }),
    );
    expect(toTaskCode((n: number) => n + Math.sqrt(n) + Number(process.pid) + [n].length)).toMatchObject({ label: "anonymous" });
  });

  test("names that globals bring are known; without them, and after, they are not", () => {
    const task = (n: number) => n + outside;
    expect(toTaskCode(task, new Set(["outside"]))).toHaveProperty("source");
    expect(() => toTaskCode(task)).toThrow(/"outside"/);
  });

  test("what this process added to its own globals does not count: daemons have not got it", () => {
    Object.assign(globalThis, { addedHere: 1 });
    expect(() => toTaskCode(new Function("return addedHere") as () => unknown)).toThrow(/"addedHere"/);
    Reflect.deleteProperty(globalThis, "addedHere");
  });

  test("methods and async generators travel; bound, built-in functions and classes are refused with the way out", () => {
    const { method } = {
      method(n: number) {
        return n + 1;
      },
    };
    const code = toTaskCode(method) as { source: string };
    // biome-ignore lint/security/noGlobalEval: what the daemon does with it
    expect(globalThis.eval(code.source)(1)).toBe(2);
    expect(() => toTaskCode(Math.max as () => number)).toThrow(/built in/);
    expect(() => toTaskCode(((n: number) => n).bind(null) as () => unknown)).toThrow(/bound/);
    expect(() => toTaskCode(class A {} as unknown as () => unknown)).toThrow(/class/);
  });

  test("esbuild's name helper travels along", () => {
    const code = toTaskCode(new Function("const f = __name(() => 3, 'f'); return f()") as () => unknown) as { source: string };
    // biome-ignore lint/security/noGlobalEval: what the daemon does with it
    expect(globalThis.eval(code.source)()).toBe(3);
  });

  test("require is named with the way out", () => {
    expect(() => toTaskCode(new Function("return require('fs')") as () => unknown)).toThrow(/await import/);
  });

  test("M-1, M-6: what is no task is refused at once; module references may be URLs", () => {
    for (const wrong of [null, 5, "x", { module: "fs", export: "rm" }, { module: "file:///a.mjs" }])
      expect(() => toTaskCode(wrong as never)).toThrow(/a task is/);
    expect(toTaskCode({ module: new URL("file:///a.mjs"), export: "f" })).toEqual({ module: "file:///a.mjs", export: "f" });
  });
});
