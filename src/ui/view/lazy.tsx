import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Note, Skeleton } from "../kit/index.ts";

/** A view whose code is loaded when it is first shown. Loaded once; a failed load can be tried again. */
export function lazyView<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | null = null;
  return function LazyView(props: P) {
    const [, redraw] = useState(0);
    const [fault, setFault] = useState<string | null>(null);
    useEffect(() => {
      if (loaded !== null || fault !== null) return;
      let isGone = false;
      load().then(
        (view) => {
          loaded = view;
          if (!isGone) redraw((n) => n + 1);
        },
        (error: unknown) => {
          if (!isGone) setFault(error instanceof Error ? error.message : String(error));
        },
      );
      return () => {
        isGone = true;
      };
    }, [fault]);
    if (loaded !== null) {
      const View = loaded;
      return <View {...props} />;
    }
    if (fault === null) return <Skeleton height={320} />;
    return (
      <Note tone="bad" title="This part of the page did not load." actions={<Button onClick={() => setFault(null)}>Try again</Button>}>
        {fault} Perhaps the server was upgraded: loading the page again helps.
      </Note>
    );
  };
}
