import {
  algorithmDetails,
  algorithmEntries,
  clusteringEntries,
  decompositionEntries,
  describeAlgorithm,
  describeUnsupervised,
  preprocessorEntries,
  RESAMPLER_PARAMETERS,
} from "../catalogue.ts";
import type { MethodTable } from "./method.ts";
import { openMethod } from "./method.ts";
import { WireError } from "./wire-error.ts";

/** `auth`, `ping`, `info` and what can be chosen. */
export const CATALOGUE_METHODS: MethodTable = {
  auth: openMethod("open", ({ params, caller }) => {
    const verdict = caller.authenticate(params.raw("token"));
    if (!verdict.opens) throw wrongToken(verdict.retryAfterSeconds);
    return { result: { connection_id: caller.connectionId } };
  }),

  ping: openMethod("authenticated", () => ({ result: { ts: new Date().toISOString() } })),

  info: openMethod("authenticated", ({ services }) => ({ result: services.info() })),

  algorithms: openMethod("authenticated", async ({ params }) => ({
    result: { algorithms: params.raw("detail") === true ? await algorithmDetails() : await algorithmEntries() },
  })),

  "algorithm.describe": openMethod("authenticated", async ({ params }) => ({ result: await describeAlgorithm(params.string("name")) })),

  "resampler.describe": openMethod("authenticated", () => ({ result: { parameters: RESAMPLER_PARAMETERS } })),

  "preprocessor.describe": openMethod("authenticated", async () => ({ result: { parameters: await preprocessorEntries() } })),

  "decomp.algorithms": openMethod("authenticated", async () => ({ result: { algorithms: await decompositionEntries() } })),
  "cluster.algorithms": openMethod("authenticated", async () => ({ result: { algorithms: await clusteringEntries() } })),
  "decomp.algorithm.describe": openMethod("authenticated", async ({ params }) => ({
    result: await describeUnsupervised("decomp", params.string("name")),
  })),
  "cluster.algorithm.describe": openMethod("authenticated", async ({ params }) => ({
    result: await describeUnsupervised("cluster", params.string("name")),
  })),

  // The server never opens a window: it answers with the one folder that job.save may write to.
  "dialog.choose_dir": openMethod("authenticated", ({ services }) => ({ result: { path: services.saveDir, cancelled: false } })),
};

function wrongToken(wait: number | null): WireError {
  if (wait === null) {
    return new WireError("unauthorized", "That is not this server's token. Use the link that the server printed when it started.");
  }
  const message = `Too many wrong tokens came from this address, this one too. Try again in ${wait} s; the right token opens at any time.`;
  return new WireError("unauthorized", message, { retry_after_seconds: wait });
}
