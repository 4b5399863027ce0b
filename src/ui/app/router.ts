import { signal } from "@preact/signals";

export type Route =
  | { readonly view: "start" }
  | { readonly view: "data" }
  | { readonly view: "data-set"; readonly id: string; readonly tab: string }
  | { readonly view: "new"; readonly data: string | null; readonly from: string | null }
  | { readonly view: "explore"; readonly data: string | null }
  | { readonly view: "jobs" }
  | { readonly view: "job"; readonly id: string; readonly tab: string | null }
  | { readonly view: "compare"; readonly jobIds: readonly string[] }
  /** What these three show of runs is in the search part, and theirs to read. */
  | { readonly view: "runs"; readonly search: string }
  | { readonly view: "run"; readonly id: string; readonly search: string }
  | { readonly view: "run-compare"; readonly search: string }
  | { readonly view: "prompts" }
  | { readonly view: "prompt"; readonly id: string }
  | { readonly view: "daemons" }
  | { readonly view: "settings" }
  | { readonly view: "unknown"; readonly path: string };

/** What an address shows. Pure. */
export function parseRoute(path: string, search: string): Route {
  const [first = "", second] = path.split("/").filter((part) => part !== "");
  const query = new URLSearchParams(search);
  switch (first) {
    case "":
      return { view: "start" };
    case "data":
      return second === undefined
        ? { view: "data" }
        : { view: "data-set", id: decodeURIComponent(second), tab: query.get("tab") ?? "columns" };
    case "new":
      return { view: "new", data: query.get("data"), from: query.get("from") };
    case "explore":
      return { view: "explore", data: query.get("data") };
    case "jobs":
      return second === undefined ? { view: "jobs" } : { view: "job", id: decodeURIComponent(second), tab: query.get("tab") };
    case "compare":
      return { view: "compare", jobIds: [...new Set((query.get("jobs") ?? "").split(",").filter((id) => id !== ""))].slice(0, 8) };
    case "runs":
      if (second === undefined) return { view: "runs", search };
      return second === "compare" ? { view: "run-compare", search } : { view: "run", id: decodeURIComponent(second), search };
    case "prompts":
      return second === undefined ? { view: "prompts" } : { view: "prompt", id: decodeURIComponent(second) };
    case "daemons":
      return { view: "daemons" };
    case "settings":
      return { view: "settings" };
    default:
      return { view: "unknown", path };
  }
}

export const paths = {
  start: "/",
  data: "/data",
  dataSet: (id: string, tab?: string) => `/data/${encodeURIComponent(id)}${tab === undefined ? "" : `?tab=${tab}`}`,
  newModel: (data?: string | null, from?: string | null) => {
    const query = new URLSearchParams();
    if (data) query.set("data", data);
    if (from) query.set("from", from);
    return `/new${query.size === 0 ? "" : `?${query}`}`;
  },
  explore: (data: string) => `/explore?data=${encodeURIComponent(data)}`,
  jobs: "/jobs",
  job: (id: string, tab?: string) => `/jobs/${encodeURIComponent(id)}${tab === undefined ? "" : `?tab=${tab}`}`,
  compare: (jobIds: readonly string[] = []) => `/compare${jobIds.length === 0 ? "" : `?jobs=${jobIds.map(encodeURIComponent).join(",")}`}`,
  runs: "/runs",
  run: (id: string) => `/runs/${encodeURIComponent(id)}`,
  runCompare: (ids: readonly string[]) => `/runs/compare?runs=${ids.map(encodeURIComponent).join(",")}`,
  prompts: "/prompts",
  prompt: (id: string) => `/prompts/${encodeURIComponent(id)}`,
  daemons: "/daemons",
  settings: "/settings",
} as const;

export const route = signal<Route>({ view: "start" });

/** Reads the address and follows it from now on. Links inside the page go through `navigate`. */
export function startRouter(): void {
  const read = (): void => {
    route.value = parseRoute(location.pathname, location.search);
  };
  read();
  addEventListener("popstate", read);
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.("a[href]");
    if (
      !(link instanceof HTMLAnchorElement) ||
      link.target !== "" ||
      link.hash !== "" ||
      link.hasAttribute("download") ||
      link.origin !== location.origin
    )
      return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}

/** Shows another address. Moving to another view scrolls up and puts the focus on its heading; another tab of the same does not. */
export function navigate(path: string, options: { readonly replace?: boolean } = {}): void {
  const before = route.peek();
  if (options.replace) history.replaceState(history.state, "", path);
  else if (path !== location.pathname + location.search) history.pushState(null, "", path);
  const after = parseRoute(location.pathname, location.search);
  route.value = after;
  const isOtherPage = before.view !== after.view || ("id" in before && "id" in after && before.id !== after.id);
  if (!isOtherPage) return;
  scrollTo(0, 0);
  requestAnimationFrame(() => document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true }));
}
