import type { UnsupervisedKind } from "../../engine/unsupervised/config.ts";
import { heldOutHandles, heldOutShapes } from "../jobs/held-out-handles.ts";
import { trainRequest, unsupervisedRequest } from "../jobs/job-requests.ts";
import type { ModelSource } from "../results.ts";
import { saveModel } from "../save-model.ts";
import { findModel } from "../saved-models.ts";
import type { Services } from "../services.ts";
import type { MethodReply, MethodTable, SessionCall } from "./method.ts";
import { sessionMethod, tableReply } from "./method.ts";

/** `train`, `decomp`, `cluster`, `config.validate` and `job.*`. */
export const JOB_METHODS: MethodTable = {
  train: sessionMethod(async ({ params, services, sessionId }) => {
    const dataHandle = params.string("data_handle");
    params.string("algorithm");
    const request = trainRequest(trainingOf(params.all));
    const requestKey = params.optionalString("request_key");
    return { result: await services.jobs.submit(sessionId, dataHandle, request, requestKey, heldOutHandles(params)) };
  }),

  "config.validate": sessionMethod(async ({ params, services, sessionId }) => {
    const dataHandle = params.string("data_handle");
    const shape = await services.data.shape(sessionId, dataHandle);
    const heldOut = await heldOutShapes(services.data, sessionId, dataHandle, heldOutHandles(params));
    const { checkTrainConfig } = await import("../../engine/train/validate.ts");
    const { config, problems, warnings, plan } = checkTrainConfig(trainingOf(params.all), shape, { heldOut });
    return { result: { ok: config !== null, problems, warnings, plan } };
  }),

  decomp: sessionMethod((call) => submitUnsupervised("decomp", call)),
  cluster: sessionMethod((call) => submitUnsupervised("cluster", call)),

  "job.list": sessionMethod(({ services, sessionId }) => ({ result: { jobs: services.jobs.list(sessionId) } })),
  "job.status": sessionMethod((call) => ({ result: call.services.jobs.status(call.sessionId, jobOf(call)) })),
  "job.history": sessionMethod((call) => ({ result: call.services.jobs.history(call.sessionId, jobOf(call)) })),
  "job.cancel": sessionMethod((call) => ({ result: { cancelled: call.services.jobs.cancel(call.sessionId, jobOf(call)) } })),
  "job.delete": sessionMethod((call) => ({ result: { deleted: call.services.jobs.delete(call.sessionId, jobOf(call)) } })),

  "job.result": sessionMethod(async (call) => {
    const { params, services, sessionId } = call;
    const jobId = jobOf(call);
    const slice = params.optionalString("slice") ?? "summary";
    const split = params.raw("split") === null ? null : params.choice("split", ["test", "training"]);
    const reply = await (await services.results()).slice(sessionId, jobId, slice, split);
    return "document" in reply ? { result: reply.document } : tableReply(reply.table, reply.more);
  }),

  "jobs.compare": sessionMethod(async ({ params, services, sessionId }) => {
    const { compareJobs } = await import("../results/comparison.ts");
    return { result: await compareJobs(services, sessionId, params.raw("job_ids")) };
  }),

  "job.predict": sessionMethod(async (call) => {
    const { params, services, sessionId } = call;
    const results = await services.results();
    const tableFile = services.data.tableFile(sessionId, params.string("data_handle"));
    const model = params.optionalString("model");
    const source = model === null ? results.modelOf(sessionId, jobOf(call)) : await savedModel(services, model);
    const { warnings, ...table } = await results.predict(source, tableFile);
    return tableReply(table, { warnings });
  }),

  "job.explain": sessionMethod(async (call) => {
    const { params, services, sessionId } = call;
    const results = await services.results();
    const request = {
      kind: params.choice("kind", ["permutation", "partial_dependence", "ice", "contributions"]),
      feature: params.optionalString("feature"),
      repeats: params.integer("repeats", { min: 1, max: 100, default: 5 }),
      seed: params.integer("seed", { min: 0, max: Number.MAX_SAFE_INTEGER, default: 1 }),
    };
    const file = services.data.tableFile(sessionId, params.string("data_handle"));
    const { facts, warnings, ...table } = await results.explain(sessionId, jobOf(call), file, request);
    return tableReply(table, { facts, warnings });
  }),

  "job.model": sessionMethod(async (call) => {
    const { bytes, filename } = await (await call.services.results()).model(call.sessionId, jobOf(call));
    return { result: { bytes: bytes.length, filename }, payload: { format: "model", bytes } };
  }),

  "job.save": sessionMethod(async (call) => {
    const { params, services, sessionId } = call;
    const jobId = jobOf(call);
    const dir = params.string("dir");
    const { bytes } = await (await services.results()).model(sessionId, jobId);
    const filename = params.optionalString("filename") ?? `${services.jobs.status(sessionId, jobId).type}_${jobId}`;
    return { result: await saveModel({ saveDir: services.saveDir, dir, filename, bytes }) };
  }),
};

async function savedModel({ saveDir }: Services, name: string): Promise<ModelSource> {
  const { file, entry } = await findModel(saveDir, name);
  return { file, type: entry.type };
}

function jobOf(call: SessionCall): string {
  return call.params.string("job_id");
}

/** The training document inside the params of `train`. */
function trainingOf(params: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { data_handle: _handle, validation_handle: _validation, test_handle: _test, request_key: _key, ...training } = params;
  return training;
}

/** Order of checks as in version 1 (section 10.2): params, algorithm, data handle, features, configuration. */
async function submitUnsupervised(kind: UnsupervisedKind, { params, services, sessionId }: SessionCall): Promise<MethodReply> {
  const dataHandle = params.string("data_handle");
  const algorithm = params.string("algorithm");
  const { methodOf } = await import("../../engine/unsupervised/validate.ts");
  methodOf(kind, algorithm);
  const request = unsupervisedRequest(kind, params.all);
  return { result: await services.jobs.submit(sessionId, dataHandle, request, params.optionalString("request_key")) };
}
