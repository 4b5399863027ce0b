import { useState } from "preact/hooks";
import {
  Button,
  Card,
  type Column,
  Dialog,
  Empty,
  FileDrop,
  formatMetric,
  IconButton,
  Menu,
  Note,
  NumberField,
  Pill,
  Progress,
  SchemaForm,
  Segmented,
  Select,
  Skeleton,
  Switch,
  Table,
  Tabs,
  TextField,
  Tree,
  type TreeNode,
  toast,
} from "../kit/index.ts";
import { ENTRIES, rowsOfPeople } from "./fixtures.ts";
import { Sample } from "./sample.tsx";

export function KitSamples() {
  return (
    <>
      <Buttons />
      <Fields />
      <States />
      <Notes />
      <Layers />
      <Tabbed />
      <Trees />
      <Sample name="Schema form" wide>
        <Form />
      </Sample>
      <Sample name="Table" wide>
        <People />
      </Sample>
      <Sample name="File drop">
        <FileDrop accept=".csv,.parquet,.arrow" onFiles={(files) => toast(`Got ${files[0]?.name}`, "ok")}>
          <p>
            <strong>Drop a table here, or pick one</strong>
          </p>
          <p>CSV, TSV, Parquet or Arrow. Nothing leaves this machine.</p>
        </FileDrop>
      </Sample>
      <Sample name="Empty and loading">
        <Card title="Jobs" subtitle="What this session has trained" actions={<IconButton icon="reset" label="Look again" />}>
          <Empty icon="jobs" title="No jobs yet" actions={<Button kind="primary">Train on sample data</Button>}>
            Train a model and it will be listed here.
          </Empty>
          <Skeleton lines={3} />
        </Card>
      </Sample>
    </>
  );
}

function Buttons() {
  const [busy, setBusy] = useState(true);
  return (
    <Sample name="Buttons">
      <div class="g-row">
        <Button kind="primary" icon="play" keys="Ctrl Enter">
          Train
        </Button>
        <Button icon="download">Export</Button>
        <Button kind="danger">Cancel job…</Button>
        <Button kind="quiet">Look first</Button>
        <Button busy={busy} onClick={() => setBusy(!busy)}>
          Importing
        </Button>
        <Button disabled>Not now</Button>
      </div>
      <div class="g-row">
        <Button size="small">Small</Button>
        <Button size="large" kind="primary">
          Train now
        </Button>
        <IconButton icon="trash" label="Delete" />
        <IconButton icon="copy" label="Copy" pressed />
        <Menu
          label="Export"
          items={[
            { id: "csv", label: "Predictions as CSV", icon: "table", onSelect: () => toast("Saved predictions.csv", "ok") },
            { id: "model", label: "Model file", icon: "model", keys: "M", onSelect: () => toast("Saved model.tym", "ok") },
            {
              id: "delete",
              label: "Delete job…",
              icon: "trash",
              danger: true,
              onSelect: () => toast("Could not delete: the job is running", "bad"),
            },
          ]}
        />
      </div>
    </Sample>
  );
}

function Fields() {
  const [text, setText] = useState("heart study");
  const [number, setNumber] = useState<number | null>(5);
  const [kind, setKind] = useState("stratified");
  const [view, setView] = useState<"form" | "json" | "code">("form");
  const [on, setOn] = useState(true);
  return (
    <Sample name="Fields">
      <div class="g-fields">
        <TextField label="Session" value={text} onChange={setText} help="Others see this name." />
        <NumberField label="Outer folds" value={number} onChange={setNumber} min={2} max={50} integer required help="From 2 to 50." />
        <Select
          label="Resampling"
          value={kind}
          onChange={setKind}
          options={[
            { value: "stratified", label: "Stratified folds" },
            { value: "bootstrap", label: "Bootstrap" },
            { value: "none", label: "None: fit on all rows" },
          ]}
        />
        <NumberField label="Share of training rows" value={1.4} onChange={() => {}} error="Give a value from 0 to 1." />
        <Switch label="Announce milestones only" checked={on} onChange={setOn} help="Fewer words for screen readers." />
        <Segmented
          label="Recipe as"
          showLabel
          value={view}
          onChange={setView}
          options={[
            { value: "form", label: "Form" },
            { value: "json", label: "JSON" },
            { value: "code", label: "Code" },
          ]}
        />
      </div>
    </Sample>
  );
}

function States() {
  return (
    <Sample name="Progress and states">
      <Progress value={524} max={1210} label="Training" text="524 of 1,210 fits" />
      <Progress value={0.82} label="Uploading" tone="ok" thin />
      <Progress value={null} label="Reading" text="reading diamonds.csv" />
      <div class="g-row">
        <Pill glyph="◔">Queued, 2nd</Pill>
        <Pill tone="accent" glyph="●">
          Training
        </Pill>
        <Pill tone="warn" glyph="◐">
          Cancelling…
        </Pill>
        <Pill tone="ok" glyph="✓">
          Done in 44 s
        </Pill>
        <Pill tone="bad" glyph="✕">
          Failed: 2 of 10 folds
        </Pill>
        <Pill tone="warn" glyph="◌">
          Not connected
        </Pill>
      </div>
    </Sample>
  );
}

function Notes() {
  return (
    <Sample name="Notes">
      <Note
        tone="bad"
        title="cholesterol holds text in 3 rows, first “3a” in row 212"
        actions={<Button size="small">Treat as missing</Button>}
      >
        The column is read as text and would be cut into 154 categories.
      </Note>
      <Note tone="warn" title="patient_id looks like an identifier: 303 distinct values">
        It is left out of the features.
      </Note>
      <Note tone="ok" title="Back. 41 s caught up." />
      <Note title="This model is the refit on all rows." />
    </Sample>
  );
}

function Layers() {
  const [open, setOpen] = useState(false);
  return (
    <Sample name="Dialog and messages">
      <div class="g-row">
        <Button onClick={() => setOpen(true)}>Open dialog</Button>
        <Button onClick={() => toast("The server restarted. 3 jobs continue.", "ok")}>Show message</Button>
        <Button onClick={() => toast("Import failed: line 17 has 9 fields, the header has 8.", "bad")}>Show fault</Button>
      </div>
      <Dialog
        open={open}
        onClose={() => setOpen(false)}
        title="Cancel gbm on heart.csv?"
        actions={
          <>
            <Button onClick={() => setOpen(false)}>Keep training</Button>
            <Button kind="danger" onClick={() => setOpen(false)}>
              Cancel, keep 4 folds
            </Button>
          </>
        }
      >
        4 of 10 folds are finished. They stay, marked as partial.
      </Dialog>
    </Sample>
  );
}

function Tabbed() {
  const [tab, setTab] = useState("live");
  return (
    <Sample name="Tabs">
      <Tabs
        label="Job"
        tabs={[
          { id: "live", label: "Live" },
          { id: "results", label: "Results" },
          { id: "predictions", label: "Predictions", count: 569 },
          { id: "record", label: "Record" },
        ]}
        value={tab}
        onChange={setTab}
      >
        <p>The panel of “{tab}”.</p>
      </Tabs>
    </Sample>
  );
}

interface StepNode extends TreeNode {
  readonly text: string;
  readonly state: "ok" | "accent" | "plain";
  readonly time: string;
  readonly children?: readonly StepNode[];
}

const STEPS: readonly StepNode[] = [
  {
    id: "job",
    text: "gbm on heart.csv",
    state: "accent",
    time: "19 s",
    children: [
      {
        id: "f1",
        text: "Fold 1",
        state: "ok",
        time: "9 s",
        children: [
          { id: "f1t", text: "Tune 24 candidates", state: "ok", time: "8 s" },
          { id: "f1f", text: "Fit", state: "ok", time: "1 s" },
        ],
      },
      {
        id: "f2",
        text: "Fold 2",
        state: "accent",
        time: "10 s",
        children: [{ id: "f2t", text: "Tune 24 candidates", state: "accent", time: "10 s" }],
      },
      { id: "f3", text: "Fold 3", state: "plain", time: "" },
    ],
  },
];
const STATE_WORD = { ok: "done", accent: "running", plain: "queued" } as const;
const STATE_GLYPH = { ok: "✓", accent: "●", plain: "◔" } as const;

function Trees() {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set(["job", "f1"]));
  const toggle = (id: string) => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  return (
    <Sample name="Tree">
      <Tree
        label="Steps"
        nodes={STEPS}
        expanded={open}
        onToggle={toggle}
        renderNode={(node) => (
          <>
            <span>{node.text}</span>
            <Pill tone={node.state} glyph={STATE_GLYPH[node.state]}>
              {STATE_WORD[node.state]}
            </Pill>
            <span class="g-time">{node.time}</span>
          </>
        )}
      />
    </Sample>
  );
}

function Form() {
  const [values, setValues] = useState<Record<string, unknown>>({ learning_rate: { candidates: [0.01, 0.05, 0.1] }, max_rounds: 2000 });
  return (
    <Card title="Hyperparameters" subtitle="LightGBM: boosted trees on histograms">
      <SchemaForm
        entries={ENTRIES}
        values={values}
        onChange={setValues}
        task="binary"
        problems={[{ path: "hyperparameters.num_leaves", message: "num_leaves must be at most 4096, got 5000." }]}
      />
    </Card>
  );
}

type Person = ReturnType<typeof rowsOfPeople>[number];
const PEOPLE = rowsOfPeople(2000);
const PEOPLE_COLUMNS: readonly Column<Person>[] = [
  {
    id: "row",
    header: "Row",
    cell: (row) => row.row.toLocaleString("en"),
    sortValue: (row) => row.row,
    align: "end",
    rowHeader: true,
    width: "90px",
  },
  { id: "actual", header: "Actual", cell: (row) => row.actual, sortValue: (row) => row.actual },
  { id: "predicted", header: "Predicted", cell: (row) => row.predicted, sortValue: (row) => row.predicted },
  {
    id: "p",
    header: "Probability of yes",
    cell: (row) => <span class="mono">{formatMetric(row.p, 3)}</span>,
    sortValue: (row) => row.p,
    align: "end",
  },
  { id: "fold", header: "Fold", cell: (row) => row.fold, sortValue: (row) => row.fold, align: "end", width: "90px" },
];

function People() {
  return (
    <Card title="Predictions" subtitle="2,000 rows, held out" flush>
      <Table columns={PEOPLE_COLUMNS} rows={PEOPLE} caption="Predictions of 2,000 rows" maxHeight={300} rowKey={(row) => row.row} />
    </Card>
  );
}
