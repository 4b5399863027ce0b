import { useState } from "preact/hooks";
import type { RunInfo } from "../../../client/index.ts";
import { dateTime } from "../../app/words.ts";
import { Card, type Column, Empty, Skeleton, Table, TextField } from "../../kit/index.ts";
import { readSearch } from "../../store/runs-list.ts";
import { COMPARED_MAX } from "./compare-runs-model.ts";
import { useAsked } from "./hooks.ts";
import { pinnedRuns } from "./pins.ts";
import { RunStatePill, Tags } from "./run-state.tsx";

const SHOWN = 100;

/** Chooses the runs of a comparison: pinned ones first, then the newest that match. */
export function RunPicker({ chosen, onChoose }: { chosen: readonly string[]; onChoose: (ids: readonly string[]) => void }) {
  const [search, setSearch] = useState("");
  const asked = useAsked(search, async (hub, signal) => (await hub.api.list({ ...readSearch(search), limit: SHOWN }, signal)).runs);
  const pins = pinnedRuns.value;
  const rank = (run: RunInfo): number => (chosen.includes(run.id) ? 0 : pins.includes(run.id) ? 1 : 2);
  const rows = [...(asked.value ?? [])].sort((a, b) => rank(a) - rank(b));
  const toggle = (id: string): void =>
    onChoose(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id].slice(0, COMPARED_MAX));
  const columns: Column<RunInfo>[] = [
    {
      id: "chosen",
      header: <span class="sr-only">Compare</span>,
      width: "44px",
      cell: (run) => (
        <input
          type="checkbox"
          class="r-check"
          checked={chosen.includes(run.id)}
          aria-label={`Compare ${run.name}`}
          onChange={() => toggle(run.id)}
        />
      ),
    },
    {
      id: "name",
      header: "Run",
      rowHeader: true,
      cell: (run) => (
        <span class="r-name">
          {run.name} <Tags tags={run.tags} />
        </span>
      ),
    },
    { id: "state", header: "State", cell: (run) => <RunStatePill state={run.state} /> },
    {
      id: "created",
      header: "Begun",
      align: "end",
      cell: (run) => <span class="num">{dateTime(new Date(run.created_at).toISOString())}</span>,
    },
  ];
  return (
    <Card flush title="Choose runs">
      <div class="a-bar is-inside">
        <TextField
          label="Search runs"
          hideLabel
          type="search"
          icon="search"
          placeholder="Name, notes, tag:paper, lr>=0.1"
          value={search}
          onChange={setSearch}
        />
      </div>
      {asked.value === null ? (
        <Skeleton height={160} />
      ) : (
        <Table
          caption="Runs to choose from"
          columns={columns}
          rows={rows}
          rowKey={(run) => run.id}
          maxHeight={360}
          empty={<Empty title="No run matches">Change the search.</Empty>}
        />
      )}
    </Card>
  );
}
