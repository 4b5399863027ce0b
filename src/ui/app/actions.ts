import type { HandleSummary, SampleEntry, TrainParams, UnsupervisedParams, UploadedHandle } from "../../client/index.ts";
import { messageOf } from "../../core/errors.ts";
import { toast } from "../kit/index.ts";
import type { UploadState } from "../store/state.ts";
import type { App } from "./app.ts";
import { navigate, paths } from "./router.ts";

let lastUpload = 0;
const aborts = new Map<number, AbortController>();

export const ACCEPTED_FILES = ".csv,.tsv,.txt,.parquet,.pq,.arrow,.arrows,.ipc,.feather";

/** Sends a file and shows how far it is. Resolves with the data set, or null when it failed or was cancelled; the page says why. */
export async function uploadFile(app: App, file: File): Promise<UploadedHandle | null> {
  const id = ++lastUpload;
  const abort = new AbortController();
  aborts.set(id, abort);
  const base = { id, name: file.name, totalBytes: file.size };
  const show = (change: Pick<UploadState, "sentBytes" | "stage" | "message">): void => {
    app.store.dispatch({ type: "upload", upload: { ...base, ...change } });
  };
  show({ sentBytes: 0, stage: "sending", message: null });
  try {
    await app.inSession();
    const handle = await app.client.upload(file, {
      name: file.name,
      filename: file.name,
      signal: abort.signal,
      onProgress: (sentBytes) => show({ sentBytes, stage: sentBytes === file.size ? "reading" : "sending", message: null }),
    });
    app.store.dispatch({ type: "upload.ended", id });
    showHandle(app, handle);
    return handle;
  } catch (error) {
    if (abort.signal.aborted) app.store.dispatch({ type: "upload.ended", id });
    else show({ sentBytes: 0, stage: "failed", message: messageOf(error) });
    return null;
  } finally {
    aborts.delete(id);
  }
}

/** Cancels a running upload, or takes the note of a failed one away. */
export function dismissUpload(app: App, id: number): void {
  const abort = aborts.get(id);
  if (abort === undefined) app.store.dispatch({ type: "upload.ended", id });
  else abort.abort();
}

/** Opens dropped files: one leads to its page, several stay in the list. */
export async function openFiles(app: App, files: readonly File[]): Promise<void> {
  const handles = (await Promise.all(files.map((file) => uploadFile(app, file)))).filter((handle) => handle !== null);
  const [only] = handles;
  if (files.length > 1) navigate(paths.data);
  else if (only !== undefined) navigate(paths.dataSet(only.data_handle));
}

/** A bundled table as a data set of this session; one that is already open under that name is used again. */
export async function openSample(app: App, sample: SampleEntry): Promise<HandleSummary> {
  await app.inSession();
  const known = app.state.data?.find((handle) => handle.name === sample.name && handle.rows === sample.rows && handle.cols === sample.cols);
  if (known !== undefined) return known;
  const handle = await app.client.call("data.open_sample", { name: sample.name }, { timeoutMs: 120_000 });
  showHandle(app, handle);
  return handle;
}

/** Puts a new data set into the list when the event that announces it has not come yet. */
function showHandle(app: App, { data_handle, name, rows, cols }: HandleSummary): void {
  app.store.flush();
  if (app.state.data?.some((other) => other.data_handle === data_handle)) return;
  app.store.dispatch({ type: "events", events: [{ seq: null, event: "data.added", data: { data_handle, name, rows, cols } }] });
}

/** Five folds, defaults, one seed for both algorithms: a first result in seconds, an honest one. */
export function sampleParams(sample: SampleEntry, dataHandle: string, algorithm: "LightGBM" | "GLMNET"): TrainParams {
  return {
    data_handle: dataHandle,
    algorithm,
    target: sample.target,
    task: sample.task === "regression" ? "regression" : "classification",
    outer_resampling_config: { type: "KFold", n_resamples: 5 },
    seed: 2026,
  };
}

/** Boosted trees, shown as they train, and behind them an elastic net on the same folds: the first picture is a comparison. */
export async function trainOnSample(app: App, sample: SampleEntry): Promise<void> {
  const { data_handle } = await openSample(app, sample);
  await train(app, sampleParams(sample, data_handle, "LightGBM"));
  await startTraining(app, sampleParams(sample, data_handle, "GLMNET"));
}

/** Starts a job and goes to its page. Rejects when the server refuses. */
export async function train(app: App, params: TrainParams): Promise<string> {
  const jobId = await startTraining(app, params);
  navigate(paths.job(jobId));
  return jobId;
}

/** Starts a decomposition or a clustering and goes to its page. Rejects when the server refuses. */
export async function startUnsupervised(app: App, kind: "decomp" | "cluster", params: UnsupervisedParams): Promise<void> {
  const { job_id } = await app.client.call(kind, params);
  await showJob(app, job_id);
  navigate(paths.job(job_id));
}

/** Starts a job, and stays. Rejects when the server refuses. */
export async function startTraining(app: App, params: TrainParams): Promise<string> {
  const { job_id } = await app.client.call("train", params);
  await showJob(app, job_id);
  return job_id;
}

/** Puts a new job into the list when the event that announces it has not come yet. */
async function showJob(app: App, job_id: string): Promise<void> {
  app.store.flush();
  if (!app.state.jobs?.some((job) => job.job_id === job_id)) {
    const summary = await app.client.call("job.status", { job_id });
    app.store.dispatch({ type: "events", events: [{ seq: null, event: "job.submitted", data: { job_id, summary } }] });
  }
}

/** Runs an action of a button; a failure becomes a message instead of an unhandled rejection. */
export async function attempt(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    toast(messageOf(error), "bad");
    return false;
  }
}

/** Hands a file to the browser's downloads. */
export function download(filename: string, content: string | Uint8Array | Blob, type = "application/octet-stream"): void {
  const blob = content instanceof Blob ? content : new Blob([content as BlobPart], { type });
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = filename;
  link.click();
  // Some browsers read the address after the click has returned.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
