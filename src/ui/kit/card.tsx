import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { classNames } from "./class-names.ts";

export interface CardProps {
  readonly title?: ComponentChildren;
  readonly subtitle?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly children?: ComponentChildren;
  /** No padding around the children, e.g. for a table. */
  readonly flush?: boolean;
  readonly level?: 2 | 3;
  readonly class?: string;
}

/** A surface with a heading; a region with that name when it has a title. */
export function Card({ title, subtitle, actions, children, flush, level = 2, class: extra }: CardProps) {
  const id = useId();
  const Heading = level === 2 ? "h2" : "h3";
  return (
    <section class={classNames("k-card", extra)} aria-labelledby={title ? id : undefined}>
      {title || actions ? (
        <header class="k-card-head">
          <div class="k-card-names">
            {title ? (
              <Heading id={id} class="k-card-title">
                {title}
              </Heading>
            ) : null}
            {subtitle ? <p class="k-card-subtitle">{subtitle}</p> : null}
          </div>
          {actions ? <div class="k-card-actions">{actions}</div> : null}
        </header>
      ) : null}
      <div class={flush ? "k-card-body is-flush" : "k-card-body"}>{children}</div>
    </section>
  );
}
