import type { ComponentChildren, JSX } from "preact";
import { classNames } from "./class-names.ts";
import { Icon, type IconName } from "./icon.tsx";

type NativeButton = Omit<JSX.HTMLAttributes<HTMLButtonElement>, "onClick" | "icon" | "label" | "type">;

export interface ButtonProps extends NativeButton {
  readonly kind?: "primary" | "plain" | "danger" | "quiet";
  readonly size?: "small" | "normal" | "large";
  /** Shows a spinner and ignores presses; the button keeps focus and width. */
  readonly busy?: boolean | undefined;
  readonly disabled?: boolean | undefined;
  readonly icon?: IconName;
  /** Keys shown at the end, e.g. `Ctrl Enter`. */
  readonly keys?: string;
  readonly type?: "button" | "submit";
  readonly onClick?: ((event: MouseEvent) => void) | undefined;
  readonly children?: ComponentChildren;
}

/** A press that does something. One `primary` per screen; the text is a verb. */
export function Button({
  kind = "plain",
  size = "normal",
  busy = false,
  icon,
  keys,
  type = "button",
  onClick,
  children,
  class: extra,
  ...rest
}: ButtonProps) {
  return (
    <button
      {...rest}
      type={type}
      class={classNames("k-button", `is-${kind}`, size !== "normal" && `is-${size}`, busy && "is-busy", extra as string)}
      aria-busy={busy ? "true" : undefined}
      aria-disabled={busy ? "true" : undefined}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
    >
      {busy ? <span class="k-spinner" aria-hidden="true" /> : icon ? <Icon name={icon} /> : null}
      {children}
      {keys ? <kbd class="k-keys">{keys}</kbd> : null}
    </button>
  );
}

export interface IconButtonProps extends NativeButton {
  readonly icon: IconName;
  /** What pressing does; read aloud and shown on hover. */
  readonly label: string;
  readonly disabled?: boolean | undefined;
  readonly pressed?: boolean | undefined;
  readonly onClick?: ((event: MouseEvent) => void) | undefined;
}

/** A button with only a picture; 28 px square. */
export function IconButton({ icon, label, pressed, onClick, class: extra, ...rest }: IconButtonProps) {
  return (
    <button
      {...rest}
      type="button"
      class={classNames("k-icon-button", extra as string)}
      aria-label={label}
      aria-pressed={pressed}
      title={label}
      onClick={(event) => onClick?.(event)}
    >
      <Icon name={icon} />
    </button>
  );
}
