import { useMemo, useState } from "preact/hooks";
import { type DataProfile, RemoteError } from "../../../client/index.ts";
import { messageOf } from "../../../core/errors.ts";
import { startUnsupervised } from "../../app/actions.ts";
import { useApp, usePulled, useStore } from "../../app/context.ts";
import { paths } from "../../app/router.ts";
import { plural, typeWord } from "../../app/words.ts";
import { Button, Card, Empty, formatCount, Note, NumberField, SchemaForm, Segmented, Select, Skeleton, toast } from "../../kit/index.ts";
import { Fetched, PageHead } from "../page-head.tsx";

type Kind = "decomp" | "cluster";

const WORDS = {
  decomp: { title: "Components", action: "Find components", method: "PCA" },
  cluster: { title: "Clusters", action: "Find clusters", method: "KMeans" },
} as const;

/** Components or clusters of a table: no target, its numeric columns. */
export function ExplorePage({ dataHandle }: { dataHandle: string | null }) {
  const app = useApp();
  const data = useStore((state) => state.data);
  const handle = data?.find((other) => other.data_handle === dataHandle) ?? null;
  const key = handle === null ? null : `profile:${handle.data_handle}`;
  const profile = usePulled(key, () => app.client.call("data.profile", { data_handle: handle?.data_handle ?? "" }, { timeoutMs: 120_000 }));
  if (data === null) return <Skeleton height={420} />;
  if (handle === null || key === null) {
    return (
      <>
        <PageHead title="Components and clusters" />
        <Empty title="Choose a data set first" actions={<a href={paths.data}>All data</a>} />
      </>
    );
  }
  return (
    <Fetched of={profile} pulledKey={key} height={420}>
      {(value) => (
        <>
          <PageHead
            title="Components and clusters"
            subtitle={
              <>
                <a href={paths.dataSet(value.data_handle)}>{value.name}</a> · <span class="num">{formatCount(value.rows)} rows</span>
              </>
            }
          />
          <SetUp profile={value} />
        </>
      )}
    </Fetched>
  );
}

const NUMERIC: readonly string[] = ["double", "integer", "logical"];

/** Which numeric columns are left out, and why. */
function gapText(profile: DataProfile): string {
  const gaps = profile.columns.filter((column) => NUMERIC.includes(column.type) && column.n_missing > 0);
  if (gaps.length === 0) return "";
  const named = gaps.slice(0, 5).map((column) => `${column.name} (${formatCount(column.n_missing)})`);
  return `Left out for missing values: ${named.join(", ")}${gaps.length > 5 ? " …" : ""}. Fill them in, or upload a table without those rows.`;
}

/** Numbers without a gap: what these methods take. */
function isUsable(column: DataProfile["columns"][number]): boolean {
  return NUMERIC.includes(column.type) && column.n_missing === 0;
}

function SetUp({ profile }: { profile: DataProfile }) {
  const [kind, setKind] = useState<Kind>("decomp");
  return (
    <div class="a-stack is-narrow">
      <Segmented
        label="What to find"
        value={kind}
        onChange={setKind}
        options={[
          { value: "decomp", label: "Components" },
          { value: "cluster", label: "Clusters" },
        ]}
      />
      <MethodForm key={kind} kind={kind} profile={profile} />
    </div>
  );
}

function MethodForm({ kind, profile }: { kind: Kind; profile: DataProfile }) {
  const app = useApp();
  const [method, setMethod] = useState<string>(WORDS[kind].method);
  const [values, setValues] = useState<Record<string, unknown>>({});
  const [seed, setSeed] = useState<number | null>(2026);
  const [skipped, setSkipped] = useState<readonly string[]>([]);
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const usable = useMemo(() => profile.columns.filter(isUsable), [profile]);
  const features = usable.filter((column) => !skipped.includes(column.name)).map((column) => column.name);
  const methods = usePulled(`methods:${kind}`, async () => (await app.client.call(`${kind}.algorithms`, {})).algorithms);
  const described = usePulled(`method:${kind}:${method}`, () => app.client.call(`${kind}.algorithm.describe`, { name: method }));
  const start = async (): Promise<void> => {
    setBusy(true);
    setFault(null);
    try {
      await startUnsupervised(app, kind, {
        data_handle: profile.data_handle,
        algorithm: method,
        hyperparameters: values,
        features,
        seed: seed ?? 2026,
      });
    } catch (error) {
      setFault(messageOf(error));
      if (!(error instanceof RemoteError)) toast(messageOf(error), "bad");
    }
    setBusy(false);
  };
  return (
    <>
      <Card title="1  Method">
        <Fetched of={methods} pulledKey={`methods:${kind}`} height={80}>
          {(list) => (
            <Select
              label="Method"
              value={method}
              options={list.map(({ name, description }) => ({ value: name, label: `${name}: ${description}` }))}
              onChange={(next) => {
                setMethod(next);
                setValues({});
              }}
            />
          )}
        </Fetched>
        <Fetched of={described} pulledKey={`method:${kind}:${method}`} height={160}>
          {(value) => (
            <>
              <p class="a-quiet">{value.source}</p>
              <SchemaForm entries={value.hyperparameters} values={values} onChange={setValues} of="settings" />
            </>
          )}
        </Fetched>
      </Card>
      <Card title="2  Columns" subtitle="Numeric columns without a missing value.">
        <details class="a-details">
          <summary>
            {plural(features.length, "column")} of {formatCount(profile.cols)}
          </summary>
          <ul class="a-features">
            {usable.map((column) => (
              <li key={column.name}>
                <label class="a-check">
                  <input
                    type="checkbox"
                    checked={!skipped.includes(column.name)}
                    onChange={(event) =>
                      setSkipped(event.currentTarget.checked ? skipped.filter((name) => name !== column.name) : [...skipped, column.name])
                    }
                  />
                  <span class="a-name">{column.name}</span>
                  <span class="a-quiet">{typeWord(column.type)}</span>
                </label>
              </li>
            ))}
          </ul>
        </details>
        <NumberField label="Seed" help="The same seed gives the same result." value={seed} min={0} integer onChange={setSeed} />
      </Card>
      {fault === null ? null : (
        <div role="alert">
          <Note tone="bad" title="The server refused this set-up.">
            {fault}
          </Note>
        </div>
      )}
      {features.length === 0 ? (
        <Note tone="warn" title="No column is chosen. These methods need numeric columns without a missing value.">
          {gapText(profile)}
        </Note>
      ) : null}
      <p>
        <Button kind="primary" busy={busy} disabled={features.length === 0} onClick={() => void start()}>
          {WORDS[kind].action}
        </Button>
      </p>
    </>
  );
}
