import type { Node } from "acorn";

/** Any node of the tree: its fields are read by name, as the ESTree specification gives them. */
type Tree = Node & Readonly<Record<string, unknown>>;

/** Names declared in one stretch of source, and where to look next. */
interface Scope {
  readonly names: Set<string>;
  readonly outer: Scope | null;
  /** A `var` belongs to the nearest of these. */
  readonly isFunction: boolean;
}

/**
 * The names that an expression uses and does not declare, in the order of first use. `typeof name` alone does not count: it asks whether there is one.
 *
 * One pass declares, scope by scope, before it looks at uses, so that hoisted functions and `var` are seen. `eval` and `with` are not followed.
 * Cost: O(size of the tree). Source: ECMA-262, 8.2 (scope analysis) over the ESTree of acorn.
 */
export function freeVariables(tree: Node): string[] {
  const walker = new Walker();
  walker.visit(tree as Tree, { names: new Set(), outer: null, isFunction: true });
  return [...walker.free];
}

class Walker {
  readonly free = new Set<string>();

  visit(node: Tree, scope: Scope): void {
    switch (node.type) {
      case "Identifier":
        this.#use(node.name as string, scope);
        break;
      case "FunctionExpression":
      case "FunctionDeclaration":
      case "ArrowFunctionExpression":
        this.#visitFunction(node, scope);
        break;
      case "ClassExpression":
      case "ClassDeclaration":
        this.#visitClass(node, scope);
        break;
      case "BlockStatement":
      case "StaticBlock":
      case "SwitchStatement":
      case "ForStatement":
      case "ForInStatement":
      case "ForOfStatement":
        this.#visitBlock(node, scope);
        break;
      case "CatchClause":
        this.#visitCatch(node, scope);
        break;
      case "UnaryExpression":
        if (node.operator !== "typeof" || (node.argument as Tree).type !== "Identifier") this.visit(node.argument as Tree, scope);
        break;
      case "MemberExpression":
        this.visit(node.object as Tree, scope);
        if (node.computed === true) this.visit(node.property as Tree, scope);
        break;
      case "Property":
      case "PropertyDefinition":
      case "MethodDefinition":
        if (node.computed === true) this.visit(node.key as Tree, scope);
        if (node.value !== null) this.visit(node.value as Tree, scope);
        break;
      case "LabeledStatement":
        this.visit(node.body as Tree, scope);
        break;
      case "BreakStatement":
      case "ContinueStatement":
      case "MetaProperty":
        break;
      default:
        for (const child of childrenOf(node)) this.visit(child, scope);
    }
  }

  #use(name: string, scope: Scope): void {
    for (let at: Scope | null = scope; at !== null; at = at.outer) if (at.names.has(name)) return;
    this.free.add(name);
  }

  #visitFunction(node: Tree, outer: Scope): void {
    const names = new Set<string>();
    const scope: Scope = { names, outer, isFunction: true };
    if (node.type !== "ArrowFunctionExpression") names.add("arguments");
    if (node.type === "FunctionExpression" && node.id !== null) names.add((node.id as Tree).name as string);
    const params = node.params as Tree[];
    for (const param of params) declarePattern(param, names);
    for (const param of params) this.visit(param, scope);
    const body = node.body as Tree;
    declareIn(body, scope);
    for (const part of body.type === "BlockStatement" ? childrenOf(body) : [body]) this.visit(part, scope);
  }

  #visitClass(node: Tree, outer: Scope): void {
    const names = new Set<string>(node.id === null ? [] : [(node.id as Tree).name as string]);
    const scope: Scope = { names, outer, isFunction: false };
    if (node.superClass !== null) this.visit(node.superClass as Tree, scope);
    this.visit(node.body as Tree, scope);
  }

  #visitBlock(node: Tree, outer: Scope): void {
    const scope: Scope = { names: new Set(), outer, isFunction: node.type === "StaticBlock" };
    declareIn(node, scope);
    for (const child of childrenOf(node)) this.visit(child, scope);
  }

  #visitCatch(node: Tree, outer: Scope): void {
    const scope: Scope = { names: new Set(), outer, isFunction: false };
    const param = node.param as Tree | null;
    if (param !== null) {
      declarePattern(param, scope.names);
      this.visit(param, scope);
    }
    this.visit(node.body as Tree, scope);
  }
}

/** Declares what belongs to the scope that `node` opens: its own `let`, `const`, classes and functions; for a function also every `var` below. */
function declareIn(node: Tree, scope: Scope): void {
  const statements =
    node.type === "SwitchStatement" ? (node.cases as Tree[]).flatMap((part) => part.consequent as Tree[]) : childrenOf(node);
  for (const statement of statements) {
    if (statement.type === "FunctionDeclaration" || statement.type === "ClassDeclaration")
      scope.names.add((statement.id as Tree).name as string);
    if (statement.type === "VariableDeclaration" && (statement.kind !== "var" || scope.isFunction)) declareAll(statement, scope.names);
  }
  if (scope.isFunction) declareVars(node, scope.names);
}

function declareVars(node: Tree, names: Set<string>): void {
  for (const child of childrenOf(node)) {
    if (/Function|^Class|^StaticBlock/.test(child.type)) continue;
    if (child.type === "VariableDeclaration" && child.kind === "var") declareAll(child, names);
    declareVars(child, names);
  }
}

function declareAll(declaration: Tree, names: Set<string>): void {
  for (const { id } of declaration.declarations as { readonly id: Tree }[]) declarePattern(id, names);
}

function declarePattern(pattern: Tree, names: Set<string>): void {
  switch (pattern.type) {
    case "Identifier":
      names.add(pattern.name as string);
      break;
    case "ObjectPattern":
      for (const part of pattern.properties as Tree[])
        declarePattern((part.type === "RestElement" ? part.argument : part.value) as Tree, names);
      break;
    case "ArrayPattern":
      for (const part of pattern.elements as (Tree | null)[]) if (part !== null) declarePattern(part, names);
      break;
    case "AssignmentPattern":
      declarePattern(pattern.left as Tree, names);
      break;
    case "RestElement":
      declarePattern(pattern.argument as Tree, names);
      break;
    default: // a member expression declares nothing
  }
}

function childrenOf(node: Tree): Tree[] {
  const children: Tree[] = [];
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) for (const member of value) addIfNode(member, children);
    else addIfNode(value, children);
  }
  return children;
}

function addIfNode(value: unknown, children: Tree[]): void {
  if (typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string") children.push(value as Tree);
}
