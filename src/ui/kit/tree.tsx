import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { Icon } from "./icon.tsx";
import { type TreeNode, type TreeRow, treeKey, treeRows } from "./tree-model.ts";

export interface TreeProps<N extends TreeNode> {
  readonly nodes: readonly N[];
  readonly expanded: ReadonlySet<string>;
  readonly onToggle: (id: string) => void;
  readonly renderNode?: (node: N) => ComponentChildren;
  /** Names the tree. */
  readonly label: string;
  readonly selected?: string | null;
  readonly onSelect?: (id: string) => void;
}

/** A tree that is one tab stop; arrows move, open and close. Rows are flat in the page and carry level and position. */
export function Tree<N extends TreeNode>({ nodes, expanded, onToggle, renderNode, label, selected, onSelect }: TreeProps<N>) {
  const [focused, setFocused] = useState<string | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const rows = treeRows(nodes, expanded);
  const stop = rows.some((row) => row.node.id === focused) ? focused : (selected ?? rows[0]?.node.id ?? null);
  const onKeyDown = (event: KeyboardEvent) => {
    if (stop === null || !(event.target as Element | null)?.matches('[role="treeitem"]')) return;
    if (event.key === "Enter" && onSelect) onSelect(stop);
    const action = treeKey(event.key, rows, stop);
    if (action === null) return;
    event.preventDefault();
    if (action.type === "toggle") return onToggle(action.id);
    setFocused(action.id);
    box.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(action.id)}"]`)?.focus();
  };
  return (
    <div ref={box} class="k-tree" role="tree" aria-label={label} onKeyDown={onKeyDown}>
      {rows.map((row) => (
        <TreeItem
          key={row.node.id}
          row={row}
          isStop={row.node.id === stop}
          isSelected={row.node.id === selected}
          onToggle={onToggle}
          onFocus={() => setFocused(row.node.id)}
          onSelect={onSelect}
        >
          {renderNode ? renderNode(row.node) : (row.node.text ?? row.node.id)}
        </TreeItem>
      ))}
    </div>
  );
}

interface TreeItemProps<N extends TreeNode> {
  readonly row: TreeRow<N>;
  readonly isStop: boolean;
  readonly isSelected: boolean;
  readonly onToggle: (id: string) => void;
  readonly onFocus: () => void;
  readonly onSelect: ((id: string) => void) | undefined;
  readonly children: ComponentChildren;
}

function TreeItem<N extends TreeNode>({ row, isStop, isSelected, onToggle, onFocus, onSelect, children }: TreeItemProps<N>) {
  const { node, level, hasChildren, isOpen } = row;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree handles the keys of all its rows
    <div
      role="treeitem"
      class="k-tree-item"
      data-node={node.id}
      data-level={level}
      tabIndex={isStop ? 0 : -1}
      aria-level={level}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-expanded={hasChildren ? isOpen : undefined}
      aria-selected={isSelected}
      style={{ paddingInlineStart: `${(level - 1) * 20 + 4}px` }}
      onFocus={onFocus}
      onClick={() => (onSelect ? onSelect(node.id) : hasChildren ? onToggle(node.id) : undefined)}
    >
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: arrow keys of the tree open and close */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: as above */}
      <span
        class="k-tree-arrow"
        onClick={(event) => {
          if (!hasChildren) return;
          event.stopPropagation();
          onToggle(node.id);
        }}
      >
        {hasChildren ? <Icon name={isOpen ? "chevron-down" : "chevron-right"} size={14} /> : null}
      </span>
      <span class="k-tree-body">{children}</span>
    </div>
  );
}
