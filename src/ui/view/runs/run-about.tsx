import { useId, useState } from "preact/hooks";
import type { RunInfo } from "../../../client/index.ts";
import { attempt } from "../../app/actions.ts";
import { dateTime } from "../../app/words.ts";
import { Button, Card, type Column, Empty, Table, TextField, toast } from "../../kit/index.ts";
import type { RunChange } from "../../store/runs-log.ts";
import { useHub } from "./hooks.ts";
import { flatConfig, runStateWord, valueText } from "./run-words.ts";

/** What is told about a run: its configuration, what people wrote about it, and how its state came about. */
export function RunAbout({ run, changes, onChange }: { run: RunInfo; changes: readonly RunChange[]; onChange: (run: RunInfo) => void }) {
  return (
    <div class="a-stack">
      <Card title="Configuration" flush>
        <ConfigTable run={run} />
      </Card>
      <Notes key={run.id} run={run} onChange={onChange} />
      <Card title="History" flush>
        <HistoryTable run={run} changes={changes} />
      </Card>
    </div>
  );
}

type Entry = readonly [string, unknown];

function ConfigTable({ run }: { run: RunInfo }) {
  const entries: Entry[] = [...flatConfig(run.config)];
  const columns: Column<Entry>[] = [
    { id: "name", header: "Setting", rowHeader: true, sortValue: ([name]) => name, cell: ([name]) => name },
    { id: "value", header: "Value", cell: ([, value]) => <span class="num">{valueText(value)}</span> },
  ];
  return (
    <Table
      caption="Configuration"
      columns={columns}
      rows={entries}
      rowKey={([name]) => name}
      maxHeight={480}
      empty={<Empty title="No configuration">A reporter may send one when it makes the run.</Empty>}
    />
  );
}

/** Name, tags and notes, changed by hand and kept by the server. */
function Notes({ run, onChange }: { run: RunInfo; onChange: (run: RunInfo) => void }) {
  const hub = useHub();
  const id = useId();
  const [name, setName] = useState(run.name);
  const [tags, setTags] = useState((run.tags ?? []).join(", "));
  const [notes, setNotes] = useState(run.notes ?? "");
  const [busy, setBusy] = useState(false);
  const wanted = { name: name.trim(), tags: tagList(tags), notes };
  const isChanged = wanted.name !== run.name || notes !== (run.notes ?? "") || wanted.tags.join() !== (run.tags ?? []).join();
  const save = async (): Promise<void> => {
    setBusy(true);
    await attempt(async () => {
      onChange({ ...run, ...(await hub.api.update(run.id, wanted)) });
      toast("Saved.", "ok");
    });
    setBusy(false);
  };
  return (
    <Card title="Name, tags and notes">
      <div class="r-edit">
        <TextField label="Name" value={name} onChange={setName} error={wanted.name === "" ? "Give it a name." : null} />
        <TextField label="Tags" help="Separated by commas." value={tags} onChange={setTags} />
        <div class="k-field">
          <label class="k-label" for={id}>
            Notes
          </label>
          <textarea id={id} value={notes} onInput={(event) => setNotes(event.currentTarget.value)} />
        </div>
        <div class="a-row">
          <Button kind="primary" busy={busy} disabled={!isChanged || wanted.name === ""} onClick={() => void save()}>
            Save
          </Button>
        </div>
      </div>
    </Card>
  );
}

function tagList(text: string): readonly string[] {
  return [
    ...new Set(
      text
        .split(",")
        .map((tag) => tag.trim())
        .filter((tag) => tag !== ""),
    ),
  ];
}

interface Change {
  readonly at: number;
  readonly text: string;
  readonly cause: string;
}

function HistoryTable({ run, changes }: { run: RunInfo; changes: readonly RunChange[] }) {
  const rows: Change[] = [
    { at: run.created_at, text: "Made", cause: "" },
    ...changes.map(({ at, to, cause, reason }) => ({
      at,
      text: runStateWord(to).text,
      cause: [cause, reason].filter((part) => part !== null && part !== "").join(": "),
    })),
  ];
  const columns: Column<Change>[] = [
    { id: "at", header: "When", cell: ({ at }) => <span class="num">{dateTime(new Date(at).toISOString())}</span> },
    { id: "text", header: "State", rowHeader: true, cell: ({ text }) => text },
    { id: "cause", header: "Why", cell: ({ cause }) => cause || "–" },
  ];
  return <Table caption="History" columns={columns} rows={rows} />;
}
