import type { RunInfo } from "../../../client/index.ts";
import { toValue } from "../../../client/index.ts";
import { useNow } from "../../app/context.ts";
import { paths } from "../../app/router.ts";
import { dateTime } from "../../app/words.ts";
import { type Column, formatDuration, formatMetric, IconButton, type Sort, Table } from "../../kit/index.ts";
import { pinnedRuns, togglePin } from "./pins.ts";
import { RunStatePill, Tags } from "./run-state.tsx";
import { runSeconds } from "./run-words.ts";

export interface RunTableProps {
  readonly runs: readonly RunInfo[];
  /** The series whose last, least and greatest value are shown; empty for none. */
  readonly metric: string;
  readonly chosen: ReadonlySet<string>;
  readonly onChoose: (run: string) => void;
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
}

/** Runs as rows, in the order given; those that go on are updated in place. */
export function RunTable({ runs, metric, chosen, onChoose, sort, onSort }: RunTableProps) {
  const isMoving = runs.some((run) => run.finished_at === null && run.started_at !== null);
  const now = useNow(1_000, isMoving);
  const pins = pinnedRuns.value;
  // Sorting is the server's work: the value only says that the column can be.
  const sortable = (): number => 0;
  const figure = (id: "last" | "min" | "max", header: string): Column<RunInfo> => ({
    id,
    header,
    align: "end",
    width: "104px",
    sortValue: sortable,
    cell: (run) => <Figure run={run} metric={metric} which={id} />,
  });
  const columns: Column<RunInfo>[] = [
    {
      id: "chosen",
      header: <span class="sr-only">Compare</span>,
      width: "44px",
      cell: (run) => (
        <input
          type="checkbox"
          class="r-check"
          checked={chosen.has(run.id)}
          aria-label={`Compare ${run.name}`}
          onChange={() => onChoose(run.id)}
        />
      ),
    },
    {
      id: "name",
      header: "Run",
      rowHeader: true,
      sortValue: sortable,
      cell: (run) => (
        <span class="r-name">
          <a href={paths.run(run.id)}>{run.name || "Unnamed run"}</a>
          <Tags tags={run.tags} />
        </span>
      ),
    },
    { id: "state", header: "State", width: "136px", cell: (run) => <RunStatePill state={run.state} /> },
    ...(metric === "" ? [] : [figure("last", `${metric}, last`), figure("min", "Lowest"), figure("max", "Highest")]),
    {
      id: "duration",
      header: "Time",
      align: "end",
      width: "100px",
      sortValue: sortable,
      cell: (run) => <span class="num">{formatDuration(runSeconds(run, now))}</span>,
    },
    {
      id: "created",
      header: "Begun",
      align: "end",
      width: "184px",
      sortValue: sortable,
      cell: (run) => <span class="num a-nowrap">{dateTime(new Date(run.created_at).toISOString())}</span>,
    },
    {
      id: "actions",
      header: <span class="sr-only">Actions</span>,
      align: "end",
      width: "80px",
      cell: (run) => (
        <span class="r-actions">
          {run.job_id === undefined ? null : (
            <a class="r-job" href={paths.job(run.job_id)}>
              Job
            </a>
          )}
          <IconButton
            icon="target"
            label={pins.includes(run.id) ? `Unpin ${run.name}` : `Pin ${run.name}`}
            pressed={pins.includes(run.id)}
            onClick={() => togglePin(run.id)}
          />
        </span>
      ),
    },
  ];
  return (
    <Table
      caption="Runs"
      columns={columns}
      rows={runs}
      rowKey={(run) => run.id}
      sort={sort}
      onSort={onSort}
      {...(runs.length > 150 ? { maxHeight: 620 } : {})}
    />
  );
}

function Figure({ run, metric, which }: { run: RunInfo; metric: string; which: "last" | "min" | "max" }) {
  const value = run.metrics?.[metric]?.[which];
  if (value === undefined || value === null) return <span class="a-quiet">–</span>;
  return <span class="num">{typeof value === "string" ? value : formatMetric(toValue(value))}</span>;
}
