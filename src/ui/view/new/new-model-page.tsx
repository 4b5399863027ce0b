import { useEffect } from "preact/hooks";
import type { DataProfile } from "../../../client/index.ts";
import { useApp, usePulled, useStore } from "../../app/context.ts";
import { navigate, paths } from "../../app/router.ts";
import { Button, Empty, formatCount, Skeleton } from "../../kit/index.ts";
import { Fetched, PageHead } from "../page-head.tsx";
import { draftOfConfig, targetOf } from "./draft.ts";
import { draftFor } from "./drafts.ts";
import { SetUp } from "./set-up.tsx";

export interface NewModelPageProps {
  readonly dataHandle: string | null;
  /** A finished job whose set-up is the beginning. */
  readonly fromJob: string | null;
}

/** From a table to a job: algorithm, hyperparameters, testing; and what will run, before it runs. */
export function NewModelPage({ dataHandle, fromJob }: NewModelPageProps) {
  const app = useApp();
  const data = useStore((state) => state.data);
  const handle = data?.find((other) => other.data_handle === dataHandle) ?? null;
  const key = handle === null ? null : `profile:${handle.data_handle}`;
  const profile = usePulled(key, () => app.client.call("data.profile", { data_handle: handle?.data_handle ?? "" }, { timeoutMs: 120_000 }));
  if (data === null) return <Skeleton height={420} />;
  if (handle === null || key === null) return <ChooseData isMissing={dataHandle !== null} />;
  return (
    <Fetched of={profile} pulledKey={key} height={420}>
      {(value) => <Ready profile={value} fromJob={fromJob} />}
    </Fetched>
  );
}

function Ready({ profile, fromJob }: { profile: DataProfile; fromJob: string | null }) {
  useEarlierSetUp(profile, fromJob);
  const target = targetOf(draftFor(profile.data_handle).value, profile);
  return (
    <>
      <PageHead
        title="New model"
        subtitle={
          <>
            <a href={paths.dataSet(profile.data_handle)}>{profile.name}</a> → {target ?? "no target"} ·{" "}
            <span class="num">{formatCount(profile.rows)} rows</span>
          </>
        }
      />
      <SetUp profile={profile} />
    </>
  );
}

/** "Change and run again": the record of the earlier job fills the form, once. */
function useEarlierSetUp(profile: DataProfile, fromJob: string | null): void {
  const app = useApp();
  const report = usePulled(fromJob === null ? null : `report:${fromJob}`, () => app.client.jobResult(fromJob ?? "", "report"));
  useEffect(() => {
    if (fromJob === null || report.at !== "ready") return;
    draftFor(profile.data_handle).value = draftOfConfig(report.value.config as Record<string, unknown>, profile);
    navigate(paths.newModel(profile.data_handle), { replace: true });
  }, [fromJob, report, profile]);
}

function ChooseData({ isMissing }: { isMissing: boolean }) {
  const data = useStore((state) => state.data);
  return (
    <>
      <PageHead title="New model" subtitle={isMissing ? "That data set is gone. Choose another one." : "Choose the data to learn from."} />
      {data === null || data.length === 0 ? (
        <Empty
          title="No data yet"
          icon="data"
          actions={
            <Button kind="primary" onClick={() => navigate(paths.start)}>
              Open a file or a sample
            </Button>
          }
        >
          A model learns from a table.
        </Empty>
      ) : (
        <ul class="a-choices">
          {data.map((handle) => (
            <li key={handle.data_handle}>
              <a class="a-choice" href={paths.newModel(handle.data_handle)}>
                <strong>{handle.name}</strong>
                <span class="a-quiet num">
                  {formatCount(handle.rows)} × {formatCount(handle.cols)}
                </span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
