/** The rows of a tree, and what its keys do. Pure. */

export interface TreeNode {
  readonly id: string;
  /** For type-ahead, and the name when no `renderNode` is given. */
  readonly text?: string;
  readonly children?: readonly TreeNode[];
}

export interface TreeRow<N extends TreeNode> {
  readonly node: N;
  readonly parent: string | null;
  /** From 1. */
  readonly level: number;
  /** From 1, among siblings. */
  readonly position: number;
  readonly siblings: number;
  readonly isOpen: boolean;
  readonly hasChildren: boolean;
}

/** Rows from top to bottom; children follow only when their parent is open. */
export function treeRows<N extends TreeNode>(nodes: readonly N[], expanded: ReadonlySet<string>): TreeRow<N>[] {
  const rows: TreeRow<N>[] = [];
  const walk = (list: readonly N[], parent: string | null, level: number) => {
    list.forEach((node, at) => {
      const hasChildren = (node.children?.length ?? 0) > 0;
      const isOpen = hasChildren && expanded.has(node.id);
      rows.push({ node, parent, level, position: at + 1, siblings: list.length, isOpen, hasChildren });
      if (isOpen) walk(node.children as readonly N[], node.id, level + 1);
    });
  };
  walk(nodes, null, 1);
  return rows;
}

export type TreeAction = { readonly type: "focus"; readonly id: string } | { readonly type: "toggle"; readonly id: string } | null;

/** What a key does at the focused row: arrows, Home, End, Enter and Space. */
export function treeKey<N extends TreeNode>(key: string, rows: readonly TreeRow<N>[], focused: string): TreeAction {
  const at = rows.findIndex((row) => row.node.id === focused);
  const row = rows[at];
  if (row === undefined) return null;
  const focus = (target: TreeRow<N> | undefined): TreeAction => (target ? { type: "focus", id: target.node.id } : null);
  switch (key) {
    case "ArrowDown":
      return focus(rows[at + 1]);
    case "ArrowUp":
      return focus(rows[at - 1]);
    case "Home":
      return focus(rows[0]);
    case "End":
      return focus(rows.at(-1));
    case "ArrowRight":
      if (!row.hasChildren) return null;
      return row.isOpen ? focus(rows[at + 1]) : { type: "toggle", id: focused };
    case "ArrowLeft":
      if (row.isOpen) return { type: "toggle", id: focused };
      return row.parent === null ? null : { type: "focus", id: row.parent };
    case "Enter":
    case " ":
      return row.hasChildren ? { type: "toggle", id: focused } : null;
    default:
      return null;
  }
}
