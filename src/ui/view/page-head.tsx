import type { ComponentChildren } from "preact";
import { useApp } from "../app/context.ts";
import { Button, Note, Skeleton } from "../kit/index.ts";
import type { Pulled } from "../store/state.ts";

export interface PageHeadProps {
  readonly title: ComponentChildren;
  readonly subtitle?: ComponentChildren;
  readonly children?: ComponentChildren;
}

/** Heading of a view, with its actions at the end. The heading takes the focus when the view is opened. */
export function PageHead({ title, subtitle, children }: PageHeadProps) {
  return (
    <header class="a-head">
      <div class="a-head-names">
        <h1 tabIndex={-1}>{title}</h1>
        {subtitle ? <p class="a-head-sub">{subtitle}</p> : null}
      </div>
      {children ? <div class="a-head-actions">{children}</div> : null}
    </header>
  );
}

/** Shows what was fetched, its skeleton while it is on its way, or why it failed with a way to try again. */
export function Fetched<T>({
  of,
  pulledKey,
  height = 160,
  children,
}: {
  of: Pulled<T>;
  pulledKey: string;
  height?: number;
  children: (value: T) => ComponentChildren;
}) {
  const app = useApp();
  if (of.at === "loading") return <Skeleton height={height} />;
  if (of.at === "ready") return <>{children(of.value)}</>;
  return (
    <Note
      tone="bad"
      title="This could not be fetched."
      actions={
        <Button size="small" onClick={() => app.store.dispatch({ type: "pulled.forgotten", prefix: pulledKey })}>
          Try again
        </Button>
      }
    >
      {of.message}
    </Note>
  );
}
