import type { TableFormat } from "../uploads.ts";
import type { MethodTable, SessionCall } from "./method.ts";
import { openMethod, sessionMethod, tableReply } from "./method.ts";
import { WireError } from "./wire-error.ts";

const FORMATS: readonly [TableFormat, ...TableFormat[]] = ["arrow-ipc", "csv", "parquet"];
const MAX_COUNT = 2 ** 31 - 1;

/** `data.*`: uploads, listings, profiles, samples. */
export const DATA_METHODS: MethodTable = {
  "data.upload": sessionMethod(async ({ params, payload, services, sessionId }) => {
    const name = params.string("name");
    const format = params.choice("format", FORMATS);
    if (payload === null || payload.length === 0) {
      throw new WireError("invalid_params", "data.upload: the frame has no payload; send the table's bytes after the header.");
    }
    services.data.checkRoom(sessionId);
    return { result: await services.data.addArrived(sessionId, await services.uploads.whole(name, format, payload)) };
  }),

  "data.upload.begin": sessionMethod(async ({ params, services, sessionId }) => {
    const request = {
      name: params.string("name"),
      format: params.choice("format", FORMATS),
      totalBytes: params.integer("total_bytes", { min: 1, max: MAX_COUNT }),
      chunkCount: params.integer("n_chunks", { min: 1, max: MAX_COUNT }),
    };
    return { result: { upload_id: await services.uploads.begin(sessionId, request) } };
  }),

  "data.upload.chunk": sessionMethod(async ({ params, payload, services, sessionId }) => {
    const uploadId = params.string("upload_id");
    const index = params.integer("chunk_index", { min: 1, max: MAX_COUNT });
    if (payload === null) throw new WireError("invalid_params", "data.upload.chunk: the frame has no payload; send the chunk's bytes.");
    return { result: await services.uploads.chunk(sessionId, uploadId, index, payload) };
  }),

  "data.upload.end": sessionMethod(async ({ params, services, sessionId }) => {
    const file = await services.uploads.end(sessionId, params.string("upload_id"));
    return { result: await services.data.addArrived(sessionId, file) };
  }),

  "data.upload.cancel": sessionMethod(async ({ params, services, sessionId }) => ({
    result: { cancelled: await services.uploads.cancel(sessionId, params.string("upload_id")) },
  })),

  "data.list": sessionMethod(({ services, sessionId }) => ({ result: { handles: services.data.list(sessionId) } })),

  "data.describe": sessionMethod(async (call) => ({ result: await call.services.data.describe(call.sessionId, handleOf(call)) })),

  "data.profile": sessionMethod(async (call) => ({ result: await call.services.data.profile(call.sessionId, handleOf(call)) })),

  "data.preview": sessionMethod(async (call) => {
    const offset = call.params.integer("offset", { min: 0, max: MAX_COUNT, default: 0 });
    const limit = call.params.integer("limit", { min: 1, max: 1000, default: 100 });
    return tableReply(await call.services.data.preview(call.sessionId, handleOf(call), offset, limit));
  }),

  "data.rename": sessionMethod((call) => ({
    result: call.services.data.rename(call.sessionId, handleOf(call), call.params.string("name")),
  })),

  "data.set_types": sessionMethod(async (call) => ({
    result: await call.services.data.setTypes(call.sessionId, handleOf(call), call.params.object("types")),
  })),

  "data.delete": sessionMethod((call) => ({ result: { deleted: call.services.data.delete(call.sessionId, handleOf(call)) } })),

  "data.samples": openMethod("authenticated", async () => {
    const { SAMPLES } = await import("../../data/samples.ts");
    return { result: { samples: SAMPLES.map(({ file: _, ...sample }) => sample) } };
  }),

  "data.open_sample": sessionMethod(async ({ params, services, sessionId }) => {
    const { SAMPLES, samplePath } = await import("../../data/samples.ts");
    const name = params.string("name");
    const sample = SAMPLES.find((entry) => entry.name === name);
    if (sample === undefined) {
      throw new WireError("not_found", `There is no sample "${name}". Samples: ${SAMPLES.map((entry) => entry.name).join(", ")}.`);
    }
    return { result: await services.data.add(sessionId, { name, source: samplePath(name), format: "csv" }) };
  }),
};

function handleOf(call: SessionCall): string {
  return call.params.string("data_handle");
}
