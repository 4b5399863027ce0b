import { useMemo, useState } from "preact/hooks";
import { attempt } from "../../app/actions.ts";
import { Boundary } from "../../app/boundary.tsx";
import { paths } from "../../app/router.ts";
import { dateTime, plural } from "../../app/words.ts";
import type { SeriesBuffer } from "../../chart/index.ts";
import { LiveLines } from "../../chart/live/live-lines.tsx";
import { announce, Button, Card, Dialog, Empty, Note, Pill, Segmented, Skeleton } from "../../kit/index.ts";
import { PageHead } from "../page-head.tsx";
import { runStateWord } from "../runs/run-words.ts";
import { GraphView } from "./graph-view.tsx";
import { isOver, type PromptState } from "./prompt-state.ts";
import { usePromptRuns, useTraining } from "./use-training.ts";
import { Criticism, DiffCard, useChoice, VersionTable } from "./versions-view.tsx";
import { money, thousands } from "./words.ts";
import "./prompts.css";

/** One prompt training: what is learned, why it changed, what it scores and what it has cost so far. */
export function TrainingPage({ id }: { id: string }) {
  const { state, training, validation } = useTraining(id);
  const [chosen, setChosen] = useState<string | null>(null);
  const { run, learned, graph } = state;
  const shown = learned.find(({ variable }) => variable === chosen) ?? learned[0];
  const choice = useChoice(shown);
  if (state.gone !== null) {
    return (
      <>
        <PageHead title="Prompt training" />
        <Empty title="This training is not here" icon="spark" actions={<a href={paths.prompts}>All prompt trainings</a>}>
          {state.gone}
        </Empty>
      </>
    );
  }
  if (run === null) {
    return (
      <>
        <PageHead title="Prompt training" />
        <Skeleton height={320} />
      </>
    );
  }
  const versionOf = (variable: string): number | null => learned.find((one) => one.variable === variable)?.versions.at(-1)?.version ?? null;
  return (
    <>
      <Head state={state} />
      {state.isLive || !state.hasCaughtUp ? null : (
        <Note tone="warn" title="The server is not answering.">
          Training goes on without this page if the server still runs. Trying again.
        </Note>
      )}
      {run.reason === null ? null : (
        <Note tone={run.state === "failed" || run.state === "crashed" ? "bad" : "plain"} title="Why it ended">
          {run.reason}
        </Note>
      )}
      <h2 class="sr-only">What is learned</h2>
      {learned.length > 1 && shown !== undefined ? (
        <Segmented
          label="Text that is learned"
          showLabel
          value={shown.variable}
          onChange={setChosen}
          options={learned.map(({ variable, role }) => ({ value: variable, label: role || variable }))}
        />
      ) : null}
      <div class="a-live">
        <div class="a-stack">
          <Boundary what="The graph">
            {graph === null ? (
              <Card title="Graph">
                <Empty title="No graph yet">It appears with the first criticism.</Empty>
              </Card>
            ) : (
              <GraphView graph={graph} versionOf={versionOf} chosen={shown?.variable ?? null} onChoose={setChosen} />
            )}
          </Boundary>
          {shown === undefined || choice === null ? (
            <Card title="Texts">
              <Empty title="No texts yet">What is learned appears with the first criticism.</Empty>
            </Card>
          ) : (
            <Boundary key={shown.variable} what="The versions">
              <DiffCard learned={shown} choice={choice} />
            </Boundary>
          )}
        </div>
        <div class="a-stack">
          <Boundary what="The scores">
            <Scores state={state} training={training} validation={validation} />
          </Boundary>
          {shown === undefined || choice === null ? null : (
            <Boundary key={shown.variable} what="The criticism">
              <Criticism state={state} version={choice.shown} />
              <VersionTable state={state} learned={shown} choice={choice} />
            </Boundary>
          )}
        </div>
      </div>
    </>
  );
}

function Head({ state }: { state: PromptState }) {
  const { run, spent } = state;
  const [isAsking, setAsking] = useState(false);
  if (run === null) return null;
  const word = runStateWord(run.state);
  const cost = spent === null || (spent.cost_usd === 0 && spent.tokens > 0) ? "" : ` · about ${money(spent.cost_usd)}`;
  const subtitle = (
    <span class="a-bar">
      <Pill tone={word.tone} glyph={word.glyph}>
        {word.text}
      </Pill>
      <span class="num">
        {spent === null ? "No step yet" : `Step ${spent.step} · ${plural(spent.calls, "call")} · ${thousands(spent.tokens)} tokens${cost}`}
      </span>
      <span>{dateTime(new Date(run.created_at).toISOString())}</span>
    </span>
  );
  return (
    <PageHead title={run.name} subtitle={subtitle}>
      {isOver(run) ? null : (
        <Button icon="stop" disabled={run.state === "stopping"} onClick={() => setAsking(true)}>
          Stop…
        </Button>
      )}
      {isAsking ? <StopDialog id={run.id} name={run.name} onClose={() => setAsking(false)} /> : null}
    </PageHead>
  );
}

function StopDialog({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  const prompts = usePromptRuns();
  const [busy, setBusy] = useState(false);
  const stop = async (): Promise<void> => {
    setBusy(true);
    if (await attempt(() => prompts.stop(id))) {
      announce(`Stopping ${name}.`);
      onClose();
    } else setBusy(false);
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Stop ${name}?`}
      actions={
        <>
          <Button onClick={onClose}>Keep training</Button>
          <Button kind="danger" busy={busy} onClick={() => void stop()}>
            Stop the training
          </Button>
        </>
      }
    >
      The call under way ends, and the training program's next step fails with that reason. Versions, criticism and scores so far stay here.
    </Dialog>
  );
}

function Scores({ state, training, validation }: { state: PromptState; training: SeriesBuffer; validation: SeriesBuffer }) {
  const hasBoth = training.length > 0 && validation.length > 0;
  const lines = useMemo(
    () => [
      ...(training.length > 0 ? [{ id: "training", label: "training", color: 0, data: training }] : []),
      ...(validation.length > 0 ? [{ id: "validation", label: "validation", color: 1, dash: 1, data: validation }] : []),
    ],
    [training, validation, hasBoth, training.length > 0],
  );
  if (lines.length === 0) {
    return (
      <Card title="Score">
        <Empty title="No scores yet">They come from evaluators, at each step.</Empty>
      </Card>
    );
  }
  return (
    <Card class="a-curves">
      <LiveLines
        plain
        title="Score per step"
        lines={lines}
        xLabel="Steps done"
        yLabel="mean score"
        live={!isOver(state.run)}
        syncKey={state.run?.id ?? ""}
      />
    </Card>
  );
}
