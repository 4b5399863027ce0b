import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { IconButton } from "./button.tsx";

export interface DialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  readonly children?: ComponentChildren;
  /** Buttons at the foot, the safe one first. */
  readonly actions?: ComponentChildren;
  readonly wide?: boolean;
}

/** A modal on the platform's `dialog`: Esc and the cross close it, focus stays inside and returns to where it was. */
export function Dialog({ open, onClose, title, children, actions, wide }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = element.current;
    if (dialog === null) return;
    if (open && !dialog.open) dialog.showModal();
    if (!open && dialog.open) dialog.close();
  }, [open]);
  useEffect(() => () => element.current?.close(), []);
  return (
    <dialog
      ref={element}
      class={wide ? "k-dialog is-wide" : "k-dialog"}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClose={() => {
        if (open) onClose();
      }}
    >
      {open ? (
        <div class="k-dialog-box">
          <header class="k-dialog-head">
            <h2 id={titleId}>{title}</h2>
            <IconButton icon="cross" label="Close" onClick={onClose} />
          </header>
          <div class="k-dialog-body">{children}</div>
          {actions ? <footer class="k-dialog-foot">{actions}</footer> : null}
        </div>
      ) : null}
    </dialog>
  );
}
