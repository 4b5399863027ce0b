import { useEffect, useState } from "preact/hooks";
import type { PromptModelChoice, PromptRunSummary } from "../../../client/index.ts";
import { messageOf } from "../../../core/errors.ts";
import { attempt } from "../../app/actions.ts";
import { useNow, useStore } from "../../app/context.ts";
import { navigate, paths } from "../../app/router.ts";
import { dateTime } from "../../app/words.ts";
import { Button, Card, Empty, formatMetric, Note, Pill, Segmented, Skeleton, Switch, Table, TextField } from "../../kit/index.ts";
import { PageHead } from "../page-head.tsx";
import { runStateWord } from "../runs/run-words.ts";
import { usePromptRuns } from "./use-training.ts";
import { money } from "./words.ts";
import "./prompts.css";

const ASK_EVERY_MS = 2_000;

/** Prompt trainings of this server, and a first one at the press of a button. */
export function PromptsPage() {
  const { runs, fault } = useRunList();
  return (
    <>
      <PageHead title="Prompts" subtitle="Prompts are trained as weights are: judge the answers, send criticism back, rewrite." />
      {fault === null ? null : (
        <Note tone="warn" title="The list may be old.">
          {fault}
        </Note>
      )}
      <div class="a-live">
        <StartCard />
        <Card title="With your own program">
          <p>
            Point the afnio client, or <code>TellurioClient</code> of <code>trainyard/client</code>, at this server; the key is the token of
            this page. A run appears below at its first step.
          </p>
          <pre class="p-code">
            {[
              `export TELLURIO_BACKEND_HTTP_BASE_URL=${location.protocol}//${location.hostname}`,
              `export TELLURIO_BACKEND_HTTP_PORT=${location.port}`,
              `export TELLURIO_BACKEND_WS_BASE_URL=${location.protocol === "https:" ? "wss" : "ws"}://${location.hostname}`,
              `export TELLURIO_BACKEND_WS_PORT=${location.port}`,
            ].join("\n")}
          </pre>
        </Card>
      </div>
      <Card title="Trainings" flush>
        {runs === null ? <Skeleton height={160} /> : <RunTable runs={runs} />}
      </Card>
    </>
  );
}

function useRunList(): { readonly runs: readonly PromptRunSummary[] | null; readonly fault: string | null } {
  const prompts = usePromptRuns();
  const isLive = useStore((state) => state.link.at === "live");
  const now = useNow(ASK_EVERY_MS, isLive);
  const [runs, setRuns] = useState<readonly PromptRunSummary[] | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  useEffect(() => {
    let isGone = false;
    prompts.list().then(
      (list) => {
        if (isGone) return;
        setRuns(list);
        setFault(null);
      },
      (error: unknown) => {
        if (!isGone) setFault(messageOf(error));
      },
    );
    return () => {
      isGone = true;
    };
  }, [prompts, now]);
  return { runs, fault };
}

function RunTable({ runs }: { runs: readonly PromptRunSummary[] }) {
  return (
    <Table
      caption="Prompt trainings"
      rows={runs}
      rowKey={({ id }) => id}
      empty={<Empty title="No prompt trainings yet" icon="spark" />}
      columns={[
        {
          id: "name",
          header: "Training",
          rowHeader: true,
          sortValue: ({ name }) => name,
          cell: ({ id, name }) => <a href={paths.prompt(id)}>{name}</a>,
        },
        { id: "state", header: "State", sortValue: ({ state }) => state, cell: (run) => <StatePill run={run} /> },
        { id: "project", header: "Project", cell: ({ tags }) => tags.join(", ") || "–" },
        { id: "step", header: "Steps", align: "end", sortValue: ({ step }) => step, cell: ({ step }) => <span class="num">{step}</span> },
        {
          id: "score",
          header: "Newest score",
          align: "end",
          sortValue: ({ score }) => score,
          cell: ({ score }) => <span class="num">{formatMetric(score)}</span>,
        },
        {
          id: "cost",
          header: "Cost",
          align: "end",
          sortValue: ({ cost_usd }) => cost_usd,
          cell: (run) => <span class="num">{money(run.cost_usd)}</span>,
        },
        {
          id: "created",
          header: "Started",
          align: "end",
          sortValue: ({ created_at }) => created_at,
          cell: (run) => <span class="num">{dateTime(new Date(run.created_at).toISOString())}</span>,
        },
      ]}
    />
  );
}

function StatePill({ run }: { run: PromptRunSummary }) {
  const word = runStateWord(run.state);
  return (
    <Pill tone={word.tone} glyph={word.glyph}>
      {word.text}
    </Pill>
  );
}

/** The example: a prompt that routes messages of customers. The key stays in this form and in the server's memory. */
function StartCard() {
  const prompts = usePromptRuns();
  const [kind, setKind] = useState<PromptModelChoice["kind"]>("scripted");
  const [baseUrl, setBaseUrl] = useState("https://api.openai.com/v1");
  const [model, setModel] = useState("gpt-4.1-mini");
  const [key, setKey] = useState("");
  const [consent, setConsent] = useState(false);
  const [busy, setBusy] = useState(false);
  const isComplete = kind === "scripted" || (consent && key !== "" && model.trim() !== "" && /^https?:\/\/[^\s/]/.test(baseUrl));
  const start = async (): Promise<void> => {
    setBusy(true);
    const chosen: PromptModelChoice =
      kind === "scripted" ? { kind } : { kind, model: model.trim(), base_url: baseUrl.trim(), api_key: key, consent };
    await attempt(async () => {
      const id = await prompts.start({ model: chosen });
      setKey("");
      navigate(paths.prompt(id));
    });
    setBusy(false);
  };
  return (
    <Card title="Prompt training" subtitle="Learns to route 30 messages of customers; judged on 18 that it never saw">
      <form
        class="a-stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (isComplete) void start();
        }}
      >
        <Segmented
          label="Language model"
          showLabel
          value={kind}
          onChange={setKind}
          options={[
            { value: "scripted", label: "Scripted, offline" },
            { value: "openai", label: "Your own" },
          ]}
        />
        {kind === "scripted" ? (
          <p class="a-quiet">A small program on this machine answers by rules. It costs nothing and takes a few seconds.</p>
        ) : (
          <>
            <TextField
              label="Base URL"
              value={baseUrl}
              onChange={setBaseUrl}
              mono
              help="Any server that speaks OpenAI's protocol: Ollama is http://127.0.0.1:11434/v1."
            />
            <TextField label="Model" value={model} onChange={setModel} mono />
            <TextField label="Key" type="password" value={key} onChange={setKey} mono help="Local servers take any text." />
            <Switch
              label="This server may use the key for this training"
              checked={consent}
              onChange={setConsent}
              help="It is held in memory until the training ends, goes to the base URL only, and is never stored, logged or shown. At most $1 is spent."
            />
          </>
        )}
        <p>
          <Button kind="primary" type="submit" icon="play" busy={busy} disabled={!isComplete}>
            Start training
          </Button>
        </p>
      </form>
    </Card>
  );
}
