import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";
import { rovingIndex } from "./roving.ts";

export interface Tab {
  readonly id: string;
  readonly label: string;
  /** A small figure after the label. */
  readonly count?: number | string | undefined;
}

export interface TabsProps {
  readonly tabs: readonly Tab[];
  readonly value: string;
  readonly onChange: (id: string) => void;
  readonly label?: string;
  readonly children?: ComponentChildren;
}

/** Tabs with roving focus; the children are the panel of the chosen one. */
export function Tabs({ tabs, value, onChange, label = "Views", children }: TabsProps) {
  const prefix = useId();
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const at = tabs.findIndex((tab) => tab.id === value);
    const next = rovingIndex(event.key, at, tabs.length, "horizontal");
    const target = next === null ? undefined : tabs[next];
    if (target === undefined || next === null) return;
    event.preventDefault();
    onChange(target.id);
    (list.current?.children[next] as HTMLElement | undefined)?.focus();
  };
  return (
    <div class="k-tabs">
      <div class="k-tab-list" role="tablist" aria-label={label} ref={list} onKeyDown={onKeyDown}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`${prefix}-${tab.id}`}
            class="k-tab"
            aria-selected={tab.id === value}
            aria-controls={`${prefix}-panel`}
            tabIndex={tab.id === value ? 0 : -1}
            onClick={() => onChange(tab.id)}
          >
            {tab.label}
            {tab.count === undefined ? null : <span class="k-tab-count">{tab.count}</span>}
          </button>
        ))}
      </div>
      <div class="k-tab-panel" role="tabpanel" id={`${prefix}-panel`} aria-labelledby={`${prefix}-${value}`}>
        {children}
      </div>
    </div>
  );
}
