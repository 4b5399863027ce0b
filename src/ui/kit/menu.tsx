import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { classNames } from "./class-names.ts";
import { Icon, type IconName } from "./icon.tsx";
import { rovingIndex, typeAhead } from "./roving.ts";

export interface MenuItem {
  readonly id: string;
  readonly label: string;
  readonly icon?: IconName;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  readonly keys?: string;
  readonly onSelect: () => void;
}

export interface MenuProps {
  /** Says what the menu is for; shown unless `icon` stands alone. */
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly icon?: IconName;
  readonly iconOnly?: boolean;
  readonly children?: ComponentChildren;
  readonly align?: "start" | "end";
}

/** A button that opens a list of actions in the top layer. Arrows, Home, End and first letters move; Esc closes. */
export function Menu({ label, items, icon, iconOnly, children, align = "end" }: MenuProps) {
  const id = useId();
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const popover = useRef<HTMLDivElement>(null);
  const itemElements = () => [...(popover.current?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [])];

  const onToggle = (event: Event) => {
    const isOpen = (event as ToggleEvent).newState === "open";
    setOpen(isOpen);
    if (isOpen) itemElements()[0]?.focus();
  };
  useEffect(() => {
    if (!open) return;
    // The list stands where its button was; when the page moves under it, it goes.
    const hide = (event: Event) => {
      if (!(event.target instanceof Node) || !popover.current?.contains(event.target)) popover.current?.hidePopover();
    };
    addEventListener("resize", hide);
    addEventListener("scroll", hide, true);
    return () => {
      removeEventListener("resize", hide);
      removeEventListener("scroll", hide, true);
    };
  }, [open]);
  const show = () => {
    const list = popover.current;
    if (list === null || button.current === null) return;
    list.showPopover();
    placeBelow(list, button.current, align);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const elements = itemElements();
    const at = elements.indexOf(document.activeElement as HTMLElement);
    if (event.key === "Tab") return popover.current?.hidePopover();
    const next =
      rovingIndex(event.key, at, elements.length, "vertical") ??
      typeAhead(
        event.key,
        items.map((item) => item.label),
        at,
      );
    if (next === null) return;
    event.preventDefault();
    elements[next]?.focus();
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        class={iconOnly ? "k-icon-button" : "k-button is-plain"}
        aria-label={iconOnly ? label : undefined}
        title={iconOnly ? label : undefined}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => (open ? popover.current?.hidePopover() : show())}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" || open) return;
          event.preventDefault();
          show();
        }}
      >
        {icon ? <Icon name={icon} /> : null}
        {iconOnly ? null : (children ?? label)}
        {iconOnly ? null : <Icon name="chevron-down" />}
      </button>
      <div ref={popover} id={id} class="k-menu" popover="auto" role="menu" aria-label={label} onToggle={onToggle} onKeyDown={onKeyDown}>
        {items.map((item) => (
          <button
            key={item.id}
            type="button"
            role="menuitem"
            tabIndex={-1}
            class={classNames("k-menu-item", item.danger && "is-danger")}
            aria-disabled={item.disabled || undefined}
            onClick={() => {
              if (item.disabled) return;
              popover.current?.hidePopover();
              item.onSelect();
            }}
          >
            {item.icon ? <Icon name={item.icon} /> : null}
            <span>{item.label}</span>
            {item.keys ? <kbd class="k-keys">{item.keys}</kbd> : null}
          </button>
        ))}
      </div>
    </>
  );
}

/** Puts an open popover under its button, or above it when there is no room. */
function placeBelow(list: HTMLElement, button: HTMLElement, align: "start" | "end"): void {
  const anchor = button.getBoundingClientRect();
  const { width, height } = list.getBoundingClientRect();
  const wanted = align === "end" ? anchor.right - width : anchor.left;
  const left = Math.min(Math.max(8, wanted), window.innerWidth - width - 8);
  const below = anchor.bottom + 4;
  const top = below + height > window.innerHeight - 8 ? Math.max(8, anchor.top - height - 4) : below;
  list.style.left = `${Math.round(left)}px`;
  list.style.top = `${Math.round(top)}px`;
}
