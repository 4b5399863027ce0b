import { compareResults } from "../../engine/train/compare-results.ts";
import type { TrainResult } from "../../engine/train/result.ts";
import type { JobComparison } from "../../wire/live/messages.ts";
import { WireError } from "../live/wire-error.ts";
import type { Services } from "../services.ts";

const MOST = 8;

/**
 * Two to eight finished trainings of a session side by side; the first is the baseline.
 *
 * @throws {WireError} `invalid_params` for a list that is none, a job that is not complete, or one that trained no model; `not_found`.
 */
export async function compareJobs(services: Services, sessionId: string, given: unknown): Promise<JobComparison> {
  const jobIds = toJobIds(given);
  const results = await services.results();
  for (const jobId of jobIds) {
    const { type } = services.jobs.complete(sessionId, jobId);
    if (type !== "train") throw new WireError("invalid_params", `Job ${jobId} trained no model; only trainings can be compared.`, FIELD);
  }
  const compared = await Promise.all(
    jobIds.map(async (jobId) => {
      const reply = await results.slice(sessionId, jobId, "report", null);
      if (!("document" in reply)) throw new Error(`the report of ${jobId} is a table`);
      const { fingerprint } = await services.jobs.stored(jobId);
      return { result: reply.document as TrainResult, fingerprint };
    }),
  );
  return { job_ids: jobIds, ...compareResults(compared) };
}

const FIELD = { field: "job_ids" };

function toJobIds(given: unknown): readonly string[] {
  const isList = Array.isArray(given) && given.every((id) => typeof id === "string");
  if (!isList) throw new WireError("invalid_params", `jobs.compare: "job_ids" must be an array of job ids.`, FIELD);
  const ids = [...new Set(given as readonly string[])];
  if (ids.length >= 2 && ids.length <= MOST) return ids;
  throw new WireError("invalid_params", `jobs.compare: send 2 to ${MOST} different job ids, got ${ids.length}.`, FIELD);
}
