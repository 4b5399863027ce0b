import "./runs.css";
import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import type { RunFacets, RunInfo } from "../../../client/index.ts";
import { messageOf } from "../../../core/errors.ts";
import { useNow } from "../../app/context.ts";
import { navigate, paths } from "../../app/router.ts";
import { plural } from "../../app/words.ts";
import { Button, Card, Empty, Note, Segmented, Select, Skeleton, type Sort, TextField } from "../../kit/index.ts";
import { EMPTY_LIST, type RunList, reduceRunList } from "../../store/runs-list.ts";
import { PageHead } from "../page-head.tsx";
import { useAsked, useHub, useRunNews } from "./hooks.ts";
import type { RunsHub } from "./hub.ts";
import { LinkNote } from "./link-note.tsx";
import { pinnedRuns } from "./pins.ts";
import { RunTable } from "./run-table.tsx";
import { type RunsAddress, readAddress, toQuery, writeAddress } from "./runs-query.ts";
import { Snippets } from "./snippets.tsx";

const PAGE = 200;
/** Figures of runs that go on are read again this often. */
const RENEW_MS = 2_000;
const RENEW_ROWS = 400;
const TYPING_MS = 150;

/** All runs of the server: our own jobs and whatever reports from outside. */
export function RunsPage({ search }: { search: string }) {
  const address = readAddress(search);
  const facets = useAsked("facets", readFacets);
  const key = address.key || usualKey(facets.value);
  const { list, fault, more, again } = useRunList(address, key, facets.value !== null || facets.fault !== null, facets.again);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const go = (change: Partial<RunsAddress>): void => navigate(writeAddress({ ...address, ...change }), { replace: true });
  const { rows } = list;
  const isNarrowed = address.search !== "" || address.filter !== "all";
  const isEmpty = rows !== null && rows.length === 0 && !isNarrowed;
  return (
    <>
      <PageHead title="Runs" subtitle={rows === null || isEmpty ? undefined : plural(list.total, "run")}>
        {chosen.size < 2 ? null : (
          <Button kind="primary" icon="compare" onClick={() => navigate(paths.runCompare([...chosen]))}>
            Compare {chosen.size} runs
          </Button>
        )}
      </PageHead>
      <LinkNote />
      {fault === null ? null : (
        <Note tone="bad" title="The runs could not be read." actions={<Button onClick={again}>Try again</Button>}>
          {fault}
        </Note>
      )}
      {rows === null ? (
        fault === null ? (
          <Skeleton height={320} />
        ) : null
      ) : isEmpty ? (
        <>
          <Empty title="No runs yet" icon="chart">
            A run is the log of something that learns. Training jobs of this server appear here by themselves; any other program reports
            with a few lines.
          </Empty>
          <Snippets />
        </>
      ) : (
        <>
          <Filters address={address} facets={facets.value} metric={key} onChange={go} />
          {list.fresh.size > 0 ? (
            <p class="r-fresh">
              <Button size="small" onClick={again}>
                {list.fresh.size} new ↑
              </Button>
            </p>
          ) : null}
          <Card flush>
            <RunTable
              runs={pinnedFirst(rows)}
              metric={key}
              chosen={chosen}
              onChoose={(run) => setChosen(toggled(chosen, run))}
              sort={{ column: address.sort, direction: address.order === "asc" ? "ascending" : "descending" }}
              onSort={(sort) => go(nextSort(address, sort))}
            />
            {rows.length === 0 ? <Empty title="No run matches">Change the search or the filter.</Empty> : null}
          </Card>
          {list.cursor === null ? null : (
            <p class="a-table-foot">
              {rows.length.toLocaleString("en")} of {plural(list.total, "run")} are here.{" "}
              <Button size="small" onClick={more}>
                Show {PAGE} more
              </Button>
            </p>
          )}
        </>
      )}
    </>
  );
}

const NEWEST = 5;

/** What runs can be told by. Series of the newest runs are asked for beside: the server's list has those that are on disk already. */
async function readFacets(hub: RunsHub, signal: AbortSignal): Promise<RunFacets> {
  const [facets, newest] = await Promise.all([hub.api.facets(signal), hub.api.list({ metrics: ["*"], limit: NEWEST }, signal)]);
  const keys = newest.runs.flatMap(({ metrics }) => Object.keys(metrics ?? {}));
  return { ...facets, keys: [...new Set([...facets.keys, ...keys])] };
}

/** A column is first sorted the way that its best comes first; pressed again, the other way. */
function nextSort(address: RunsAddress, { column }: Sort): Partial<RunsAddress> {
  if (column !== address.sort) return { sort: column, order: column === "name" || column === "min" ? "asc" : "desc" };
  return { order: address.order === "asc" ? "desc" : "asc" };
}

function toggled(before: ReadonlySet<string>, run: string): ReadonlySet<string> {
  const after = new Set(before);
  if (!after.delete(run)) after.add(run);
  return after;
}

function pinnedFirst(rows: readonly RunInfo[]): readonly RunInfo[] {
  const pins = pinnedRuns.value;
  if (pins.length === 0) return rows;
  return [...rows.filter((run) => pins.includes(run.id)), ...rows.filter((run) => !pins.includes(run.id))];
}

/** The series that most runs are judged by: a loss if there is one. */
function usualKey(facets: RunFacets | null): string {
  const keys = facets?.keys ?? [];
  return keys.find((key) => key === "loss") ?? keys.find((key) => key.endsWith("loss")) ?? keys[0] ?? "";
}

interface FiltersProps {
  readonly address: RunsAddress;
  readonly facets: RunFacets | null;
  readonly metric: string;
  readonly onChange: (change: Partial<RunsAddress>) => void;
}

function Filters({ address, facets, metric, onChange }: FiltersProps) {
  const [typed, setTyped] = useState(address.search);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (text: string): void => {
    setTyped(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onChange({ search: text }), TYPING_MS);
  };
  const tags = facets?.tags ?? [];
  const keys = facets?.keys ?? [];
  const tag = /(?:^|\s)tag:(\S+)/.exec(address.search)?.[1] ?? "";
  const setTag = (value: string): void => {
    const rest = typed.replace(/(^|\s)tag:\S+/g, "").trim();
    const text = [rest, value === "" ? "" : `tag:${value}`].filter((part) => part !== "").join(" ");
    setTyped(text);
    onChange({ search: text });
  };
  return (
    <div class="r-bar">
      <div class="is-grow">
        <TextField
          label="Search runs"
          hideLabel
          type="search"
          icon="search"
          placeholder="Name, notes, tag:paper, lr>=0.1"
          value={typed}
          onChange={type}
        />
      </div>
      <Segmented
        label="Which runs"
        value={address.filter}
        onChange={(filter) => onChange({ filter })}
        options={[
          { value: "all", label: "All" },
          { value: "open", label: "Under way" },
          { value: "done", label: "Completed" },
          { value: "failed", label: "Failed" },
          { value: "stopped", label: "Stopped" },
        ]}
      />
      {tags.length === 0 ? null : (
        <Select
          label="Tag"
          hideLabel
          value={tag}
          options={[
            { value: "", label: "Any tag" },
            ...withChosen(
              tags.map((one) => one.tag),
              tag,
            ).map((name) => ({ value: name, label: name })),
          ]}
          onChange={setTag}
        />
      )}
      {keys.length === 0 ? null : (
        <Select
          label="Figures of"
          hideLabel
          value={metric}
          options={withChosen(keys.slice(0, 300), metric).map((name) => ({ value: name, label: name }))}
          onChange={(key) => onChange({ key })}
        />
      )}
    </div>
  );
}

function withChosen(names: readonly string[], chosen: string): readonly string[] {
  return chosen === "" || names.includes(chosen) ? names : [chosen, ...names];
}

/** The rows that the address asks for, kept up to date. */
function useRunList(address: RunsAddress, key: string, isReady: boolean, onNews: () => void) {
  const hub = useHub();
  const [list, dispatch] = useReducer(reduceRunList, EMPTY_LIST);
  const [fault, setFault] = useState<string | null>(null);
  const [turn, setTurn] = useState(0);
  const question = writeAddress(address);
  const latest = useRef<RunList>(list);
  latest.current = list;
  useEffect(() => {
    if (!isReady) return;
    const abort = new AbortController();
    hub.api.list(toQuery(address, key, PAGE), abort.signal).then(
      (reply) => {
        if (abort.signal.aborted) return;
        setFault(null);
        dispatch({ type: "read", reply });
      },
      (error: unknown) => {
        if (!abort.signal.aborted) setFault(messageOf(error));
      },
    );
    return () => abort.abort();
  }, [hub, question, key, isReady, turn]);

  const again = (): void => setTurn((n) => n + 1);
  useRunNews(
    (record) => {
      dispatch({ type: "run", record });
      // The first run of all is shown at once: there is nothing that could jump.
      if (latest.current.rows?.length === 0) {
        onNews();
        again();
      }
    },
    (run) => dispatch({ type: "removed", run }),
    () => {
      if (latest.current.rows !== null) again();
    },
  );

  const now = useNow(RENEW_MS, list.dated.size > 0);
  useEffect(() => {
    const { rows, dated } = latest.current;
    if (rows === null || dated.size === 0) return;
    if (key === "") onNews();
    const limit = Math.min(RENEW_ROWS, Math.max(PAGE, rows.length));
    hub.api.list(toQuery(address, key, limit)).then(
      (reply) => dispatch({ type: "renewed", reply }),
      () => {
        // The next turn asks again.
      },
    );
  }, [now]);

  const more = (): void => {
    if (list.cursor === null) return;
    hub.api.list({ ...toQuery(address, key, PAGE), cursor: list.cursor }).then(
      (reply) => dispatch({ type: "more", reply }),
      (error: unknown) => setFault(messageOf(error)),
    );
  };
  return { list, fault, more, again };
}
