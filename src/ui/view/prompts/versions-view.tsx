import { useState } from "preact/hooks";
import { clockTime, plural } from "../../app/words.ts";
import { Card, Empty, formatMetric, Select, Table } from "../../kit/index.ts";
import { DiffText } from "./diff-text.tsx";
import { causesOf, type Learned, type PromptState, saidOf, scoreOf, type Version } from "./prompt-state.ts";

const SHOWN = 12;

/** Which version of a text is looked at, and what it is compared with. */
export interface Choice {
  readonly shown: Version;
  /** The same as `shown` when there is nothing to compare with. */
  readonly before: Version;
  readonly show: (version: number) => void;
  readonly compareWith: (version: number) => void;
}

/** The newest version beside the one before it, until somebody chooses others. Null while there is none. */
export function useChoice(learned: Learned | undefined): Choice | null {
  const [picked, setPicked] = useState<{ of: string; shown: number | null; against: number | null }>({
    of: "",
    shown: null,
    against: null,
  });
  const versions = learned?.versions ?? [];
  const { shown: wanted, against } = picked.of === learned?.variable ? picked : { shown: null, against: null };
  const shown = versions.find(({ version }) => version === wanted) ?? versions.at(-1);
  if (learned === undefined || shown === undefined) return null;
  const before = versions.find(({ version }) => version === against) ?? versions[versions.indexOf(shown) - 1] ?? shown;
  const of = learned.variable;
  return {
    shown,
    before,
    show: (version) => setPicked({ of, shown: version, against: null }),
    compareWith: (version) => setPicked({ of, shown: wanted, against: version }),
  };
}

/** What changed between two versions of a text, by words. */
export function DiffCard({ learned, choice }: { learned: Learned; choice: Choice }) {
  const { shown, before, show, compareWith } = choice;
  const options = learned.versions.map(({ version }) => ({ value: String(version), label: `Version ${version}` }));
  const choosers = (
    <>
      <Select
        label="Compare with"
        hideLabel
        value={String(before.version)}
        options={options}
        onChange={(value) => compareWith(Number(value))}
      />
      <Select label="Version" hideLabel value={String(shown.version)} options={options} onChange={(value) => show(Number(value))} />
    </>
  );
  return (
    <Card
      title={learned.role || "Text without a role"}
      subtitle={before === shown ? `Version ${shown.version}` : `Version ${before.version} → ${shown.version}`}
      actions={learned.versions.length < 2 ? null : choosers}
    >
      <DiffText before={before.text} after={shown.text} />
    </Card>
  );
}

/** What led to a version; of the first one, what was said of it. */
export function Criticism({ state, version }: { state: PromptState; version: Version }) {
  const isFirst = version.by !== "optimizer";
  const pieces = isFirst ? saidOf(state, version) : causesOf(state, version);
  const title = isFirst ? `Criticism of version ${version.version}` : `Criticism that led to version ${version.version}`;
  if (pieces.length === 0) {
    const why = version.by === "trainer" ? "The training program set this text itself." : "Nobody has criticised it yet.";
    return (
      <Card title={title}>
        <Empty title="No criticism">{isFirst ? why : "It is no longer in the log."}</Empty>
      </Card>
    );
  }
  return (
    <Card title={title} subtitle={plural(pieces.length, "piece")}>
      <ul class="p-said">
        {pieces.slice(0, SHOWN).map((piece, index) => (
          <li key={index}>{piece}</li>
        ))}
      </ul>
      {pieces.length > SHOWN ? (
        <details>
          <summary>{plural(pieces.length - SHOWN, "more piece")}</summary>
          <ul class="p-said">
            {pieces.slice(SHOWN).map((piece, index) => (
              <li key={index}>{piece}</li>
            ))}
          </ul>
        </details>
      ) : null}
    </Card>
  );
}

export function VersionTable({ state, learned, choice }: { state: PromptState; learned: Learned; choice: Choice }) {
  const { shown, show } = choice;
  return (
    <Card title="Versions" flush>
      <Table
        caption={`Versions of ${learned.role}`}
        rows={learned.versions.toReversed()}
        rowKey={({ version }) => version}
        isSelected={(version) => version === shown}
        columns={[
          {
            id: "version",
            header: "Version",
            rowHeader: true,
            cell: ({ version }) => (
              <button type="button" class="p-link" aria-pressed={version === shown.version} onClick={() => show(version)}>
                Version {version}
              </button>
            ),
          },
          { id: "by", header: "By", cell: ({ by }) => (by === "start" ? "beginning" : by) },
          { id: "step", header: "Step", align: "end", cell: ({ step }) => <span class="num">{step}</span> },
          {
            id: "score",
            header: "Score",
            align: "end",
            cell: (version) => <ScoreCell state={state} learned={learned} version={version} />,
          },
          {
            id: "length",
            header: "Characters",
            align: "end",
            cell: ({ text }) => <span class="num">{text.length.toLocaleString("en")}</span>,
          },
          { id: "at", header: "Time", align: "end", cell: ({ at }) => <span class="num">{clockTime(at)}</span> },
        ]}
      />
    </Card>
  );
}

function ScoreCell({ state, learned, version }: { state: PromptState; learned: Learned; version: Version }) {
  const score = scoreOf(state, learned, version);
  if (score === null) return <span>–</span>;
  return (
    <span class="num" title={`${score.split}, ${plural(score.count, "sample")}`}>
      {formatMetric(score.mean)}
    </span>
  );
}
