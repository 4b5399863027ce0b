import type { RunInfo, RunListQuery, RunListReply, RunStateName } from "../../client/index.ts";

/** What the list of runs shows. */
export interface RunList {
  /** Null before the first answer. */
  readonly rows: readonly RunInfo[] | null;
  readonly cursor: string | null;
  readonly total: number;
  /** Runs that began since the list was read, and are not in it. */
  readonly fresh: ReadonlySet<string>;
  /** Rows whose figures are older than the run. */
  readonly dated: ReadonlySet<string>;
}

export const EMPTY_LIST: RunList = { rows: null, cursor: null, total: 0, fresh: new Set(), dated: new Set() };

export type RunListNews =
  | { readonly type: "read"; readonly reply: RunListReply }
  /** The same question again, for the first rows: order and figures are new, what was further down stays. */
  | { readonly type: "renewed"; readonly reply: RunListReply }
  | { readonly type: "more"; readonly reply: RunListReply }
  | { readonly type: "run"; readonly record: RunInfo }
  | { readonly type: "removed"; readonly run: string };

/** The next list. Pure: rows are updated in place and never move by themselves. */
export function reduceRunList(list: RunList, news: RunListNews): RunList {
  const { rows } = list;
  switch (news.type) {
    case "read": {
      const { runs, next_cursor, total } = news.reply;
      return { rows: runs, cursor: next_cursor, total: total ?? runs.length, fresh: new Set(), dated: new Set() };
    }
    case "renewed": {
      const known = new Map(news.reply.runs.map((run) => [run.id, run]));
      const renewed = (rows ?? []).map((row) => known.get(row.id) ?? row);
      return { ...list, rows: renewed, total: news.reply.total ?? list.total, dated: new Set() };
    }
    case "more": {
      const known = new Set((rows ?? []).map(({ id }) => id));
      const added = news.reply.runs.filter(({ id }) => !known.has(id));
      return { ...list, rows: [...(rows ?? []), ...added], cursor: news.reply.next_cursor };
    }
    case "run": {
      const { record } = news;
      const at = rows?.findIndex(({ id }) => id === record.id) ?? -1;
      if (rows === null || at < 0)
        return rows === null || list.fresh.has(record.id) ? list : { ...list, fresh: new Set(list.fresh).add(record.id) };
      const before = rows[at]!;
      const row = before.metrics === undefined ? record : { ...record, metrics: before.metrics };
      return { ...list, rows: rows.with(at, row), dated: new Set(list.dated).add(record.id) };
    }
    case "removed": {
      const fresh = new Set(list.fresh);
      fresh.delete(news.run);
      const kept = rows?.filter(({ id }) => id !== news.run) ?? null;
      return { ...list, rows: kept, fresh, total: list.total - Number(kept?.length !== rows?.length) };
    }
  }
}

const STATES: readonly RunStateName[] = ["pending", "running", "stale", "stopping", "completed", "failed", "stopped", "crashed"];

/**
 * What a person typed, as a question: words, and `state:failed tag:paper lr>=0.1 optimizer.name=adam`. A word with an operator is a
 * condition on the configuration; an unknown state is a word like others. Pure.
 */
export function readSearch(text: string): Pick<RunListQuery, "state" | "tag" | "search" | "config"> {
  const words: string[] = [];
  const config: string[] = [];
  const state: RunStateName[] = [];
  let tag: string | undefined;
  for (const word of text.split(/\s+/)) {
    const [, name, value = ""] = /^(state|tag):(.+)$/.exec(word) ?? [];
    if (name === "tag") tag = value;
    else if (name === "state" && STATES.includes(value as RunStateName)) state.push(value as RunStateName);
    else if (/^[^=<>!]+(=|!=|<=|>=|<|>)[^=<>]+$/.test(word)) config.push(word);
    else if (word !== "") words.push(word);
  }
  return {
    ...(state.length === 0 ? {} : { state }),
    ...(tag === undefined ? {} : { tag }),
    ...(words.length === 0 ? {} : { search: words.join(" ") }),
    ...(config.length === 0 ? {} : { config }),
  };
}
