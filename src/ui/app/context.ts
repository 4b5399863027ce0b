import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import { isCommon, type Pulled, type State } from "../store/state.ts";
import type { App } from "./app.ts";

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === null) throw new Error("a view is drawn outside the page");
  return app;
}

/**
 * A part of the state; the component is drawn again only when that part is another value. The selector must not build new
 * objects: what it returns for one state is one and the same.
 */
export function useStore<T>(select: (state: State) => T): T {
  const { state } = useApp().store;
  const [, redraw] = useState(0);
  const now = select(state.peek());
  useEffect(() => {
    let shown = now;
    return state.subscribe((next) => {
      const value = select(next);
      if (Object.is(value, shown)) return;
      shown = value;
      redraw((n) => n + 1);
    });
  });
  return now;
}

const LOADING: Pulled<never> = { at: "loading" };

/** Fetches what a view needs, once, and again after a lost link. A null key fetches nothing. */
export function usePulled<T>(key: string | null, fetch: () => Promise<T>): Pulled<T> {
  const app = useApp();
  const pulled = useStore((state) => (key === null ? undefined : state.pulled[key]));
  const canAsk = useStore((state) => (state.session !== null || (key !== null && isCommon(key))) && state.link.at === "live");
  const isWanted = key !== null && canAsk && (pulled === undefined || (pulled.at === "failed" && pulled.stale));
  useEffect(() => {
    if (isWanted && key !== null) app.pull(key, fetch);
  }, [isWanted, key]);
  return (pulled as Pulled<T> | undefined) ?? LOADING;
}

/** The time, renewed while `active`. */
export function useNow(everyMs: number, active = true): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!active) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, active]);
  return now;
}
