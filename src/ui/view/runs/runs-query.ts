import type { RunListQuery, RunStateName } from "../../../client/index.ts";
import { readSearch } from "../../store/runs-list.ts";

export type RunFilterName = "all" | "open" | "done" | "failed" | "stopped";

/** What the address of the list says. */
export interface RunsAddress {
  readonly search: string;
  readonly filter: RunFilterName;
  /** The series whose figures are shown; empty: the page chooses. */
  readonly key: string;
  /** `created`, `name`, `duration`, `last`, `min`, `max`. */
  readonly sort: string;
  readonly order: "asc" | "desc";
}

export const STATES_OF: Readonly<Record<RunFilterName, readonly RunStateName[]>> = {
  all: [],
  open: ["pending", "running", "stale", "stopping"],
  done: ["completed"],
  failed: ["failed", "crashed"],
  stopped: ["stopped"],
};

const SORTS = ["created", "name", "duration", "last", "min", "max"];

export function readAddress(search: string): RunsAddress {
  const query = new URLSearchParams(search);
  const filter = query.get("show") ?? "all";
  const sort = query.get("sort") ?? "created";
  return {
    search: query.get("q") ?? "",
    filter: filter in STATES_OF ? (filter as RunFilterName) : "all",
    key: query.get("key") ?? "",
    sort: SORTS.includes(sort) ? sort : "created",
    order: query.get("order") === "asc" ? "asc" : "desc",
  };
}

export function writeAddress({ search, filter, key, sort, order }: RunsAddress): string {
  const query = new URLSearchParams();
  if (search !== "") query.set("q", search);
  if (filter !== "all") query.set("show", filter);
  if (key !== "") query.set("key", key);
  if (sort !== "created") query.set("sort", sort);
  if (order !== "desc") query.set("order", order);
  return query.size === 0 ? "/runs" : `/runs?${query}`;
}

/** The question for the server. Sorting by a figure needs a series; without one the newest come first. */
export function toQuery(address: RunsAddress, key: string, limit: number): RunListQuery {
  const typed = readSearch(address.search);
  const needsKey = address.sort === "last" || address.sort === "min" || address.sort === "max";
  const state = [...(typed.state ?? []), ...STATES_OF[address.filter]];
  const sort = needsKey ? `${address.sort}:${key}` : address.sort;
  const isPlain = (address.sort === "created" && address.order === "desc") || (needsKey && key === "");
  return {
    ...typed,
    ...(state.length === 0 ? {} : { state }),
    ...(key === "" ? {} : { metrics: [key] }),
    ...(isPlain ? {} : { sort, order: address.order }),
    limit,
    total: true,
  };
}
