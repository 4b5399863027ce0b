import { tableFromIPC } from "apache-arrow";
import { beforeAll, describe, expect, test } from "vitest";
import { TestClient } from "../support/live-client.ts";
import { testServer } from "../support/live-server.ts";

const server = await testServer();
let client: TestClient;
let small = "";
let other = "";
let wine = "";

const csv = (rows: number, shift: number): Buffer => {
  const lines = Array.from({ length: rows }, (_, i) => {
    const x = Math.sin(i * 1.7 + shift) * 3;
    return [x, x * 2 + Math.cos(i * 3.1), Math.cos(i * 0.7), 5 + Math.sin(i * 2.3)].join(",");
  });
  return Buffer.from(`a,b,c,d\n${lines.join("\n")}\n`);
};

async function upload(name: string, bytes: Buffer): Promise<string> {
  const { header } = await client.call("data.upload", { name, format: "csv" }, bytes, "csv");
  expect(header.ok).toBe(true);
  return header.result.data_handle;
}

/** Submits, waits for the end, and gives the id. */
async function run(method: "decomp" | "cluster", params: object): Promise<string> {
  const { job_id } = await client.result(method, params);
  await client.event("job.complete", (event) => event.job_id === job_id);
  return job_id;
}

async function failure(method: "decomp" | "cluster", params: object): Promise<string> {
  const { job_id } = await client.result(method, params);
  const { data } = await client.event("job.failed", (event) => event.job_id === job_id);
  expect(data.error.code).toBe("internal_error");
  return data.error.message;
}

async function table(method: string, params: object): Promise<Record<string, unknown[]>> {
  const { header, payload } = await client.call(method, params);
  expect(header).toMatchObject({ ok: true, payload: { format: "arrow-ipc" } });
  const read = tableFromIPC(payload!);
  const names = read.schema.fields.map((field) => field.name);
  expect(header.result).toMatchObject({ rows: read.numRows, cols: names.length, columns: names, format: "arrow-ipc" });
  return Object.fromEntries(names.map((name) => [name, [...(read.getChild(name) ?? [])]]));
}

const slice = (job_id: string, name: string) => client.result("job.result", { job_id, slice: name });

beforeAll(async () => {
  client = await TestClient.attached(server, "unsupervised");
  small = await upload("small", csv(40, 0));
  other = await upload("other", csv(15, 1));
  wine = (await client.result("data.open_sample", { name: "wine" })).data_handle;
}, 60_000);

describe("catalogue", () => {
  test("lists say name and description, and applicable for decompositions", async () => {
    const { algorithms } = await client.result("decomp.algorithms");
    expect(algorithms.map((entry: { name: string }) => entry.name)).toEqual(["ICA", "NMF", "PCA", "tSNE", "UMAP"]);
    for (const entry of algorithms) {
      expect(entry).toEqual({ name: entry.name, description: expect.any(String), applicable: entry.name !== "tSNE" });
    }
    const clusterings = (await client.result("cluster.algorithms")).algorithms;
    expect(clusterings.map((entry: { name: string }) => entry.name)).toEqual(["CMeans", "DBSCAN", "HardCL", "KMeans", "NeuralGas"]);
    for (const entry of clusterings) expect(Object.keys(entry)).toEqual(["name", "description"]);
  });

  test("a picture by UMAP takes new rows by job.predict; one by tSNE refuses them and says what to use", async () => {
    const umap = await run("decomp", {
      data_handle: wine,
      algorithm: "UMAP",
      hyperparameters: { n_epochs: 20 },
      features: ["alcohol", "ash", "hue"],
    });
    expect((await table("job.predict", { job_id: umap, data_handle: wine })).UMAP_1).toHaveLength(178);
    const tsne = await run("decomp", {
      data_handle: wine,
      algorithm: "tSNE",
      hyperparameters: { max_iter: 50 },
      features: ["alcohol", "ash", "hue"],
    });
    expect((await table("job.result", { job_id: tsne, slice: "transformed" })).tSNE_2).toHaveLength(178);
    expect((await client.refusal("job.predict", { job_id: tsne, data_handle: wine })).message).toContain("cannot place new rows");
  });

  test("R-41b: describing PCA, in any case, lists k, center, scale, tol and none is tunable", async () => {
    const described = await client.result("decomp.algorithm.describe", { name: "pca" });
    expect(described.name).toBe("PCA");
    expect(described.hyperparameters.map((entry: { name: string }) => entry.name)).toEqual(["k", "center", "scale", "tol"]);
    expect(described.hyperparameters.some((entry: { tunable: boolean }) => entry.tunable)).toBe(false);
    expect((await client.result("cluster.algorithm.describe", { name: "KMeans" })).hyperparameters[1]).toMatchObject({
      name: "dist",
      type: "character",
      default: "euclidean",
      choices: ["euclidean", "manhattan"],
    });
  });

  test("R-37, R-38 for both: unknown is not_found with the nearest name, no name is invalid_params", async () => {
    expect(await client.refusal("decomp.algorithm.describe", { name: "PCB" })).toMatchObject({
      code: "not_found",
      message: expect.stringContaining('"PCA"'),
    });
    expect((await client.refusal("cluster.algorithm.describe", { name: "PCA" })).code).toBe("not_found");
    expect((await client.refusal("cluster.algorithm.describe", {})).code).toBe("invalid_params");
  });
});

describe("decomp", () => {
  test("R-124: PCA with k=2 on 40 rows and 4 columns", async () => {
    const job_id = await run("decomp", { data_handle: small, algorithm: "pca", hyperparameters: { k: 2 } });
    expect(await client.result("job.status", { job_id })).toMatchObject({
      type: "decomp",
      algorithm: "PCA",
      status: "complete",
      target: null,
      fraction: 1,
    });
    expect(await slice(job_id, "summary")).toMatchObject({
      ".class": "Decomposition",
      algorithm: "PCA",
      transformed: { available: true, fetch_via: "transformed" },
      config: { k: 2, center: true, scale: true, tol: null },
      metrics: { explained_variance: [expect.any(Number), expect.any(Number)] },
    });
    const transformed = await table("job.result", { job_id, slice: "transformed" });
    expect(Object.keys(transformed)).toEqual(["PC1", "PC2"]);
    expect(transformed.PC1).toHaveLength(40);
    const loadings = await table("job.result", { job_id, slice: "loadings" });
    expect(Object.keys(loadings)).toEqual(["variable", "PC1", "PC2"]);
    expect(loadings.variable).toEqual(["a", "b", "c", "d"]);
    const raw = await slice(job_id, "raw");
    expect(raw.transformed).toHaveLength(40);
    expect(raw.transformed[3].PC2).toBe(transformed.PC2![3]);
  });

  test("R-125: two features give loadings with two rows, k lowered with a warning", async () => {
    const job_id = await run("decomp", { data_handle: small, algorithm: "PCA", features: ["a", "c"] });
    expect((await table("job.result", { job_id, slice: "loadings" })).variable).toEqual(["a", "c"]);
    expect((await slice(job_id, "summary")).warnings.join()).toContain("k is 2, not 3");
  });

  test("R-126, R-127, R-128: checks in order, unknown features by name, nothing kept", async () => {
    const before = (await client.result("job.list")).jobs.length;
    expect((await client.refusal("decomp", { algorithm: "PCA" })).code).toBe("invalid_params");
    expect((await client.refusal("decomp", { data_handle: small })).code).toBe("invalid_params");
    expect((await client.refusal("decomp", { data_handle: "data-x", algorithm: "tSNE" })).code).toBe("not_found");
    expect((await client.refusal("decomp", { data_handle: "data-x", algorithm: "PCA", features: ["z"] })).code).toBe("not_found");
    const unknown = await client.refusal("decomp", { data_handle: small, algorithm: "PCA", features: ["a", "zebra"] });
    expect(unknown).toMatchObject({ code: "invalid_params", message: expect.stringContaining('"zebra"') });
    for (const features of [[], [""], [3], ["a", "a"]]) {
      expect((await client.refusal("decomp", { data_handle: small, algorithm: "PCA", features })).code).toBe("invalid_params");
    }
    const config = { k: 0, kk: 3, scale: { candidates: [true, false] } };
    const refused = await client.refusal("decomp", { data_handle: small, algorithm: "PCA", config });
    expect(refused).toMatchObject({ code: "invalid_params", details: { problems: expect.any(Array) } });
    for (const word of ["of at least 1", '"k"', "cannot be tuned"]) expect(refused.message).toContain(word);
    expect((await client.result("job.list")).jobs).toHaveLength(before);
  });

  test("config wins over hyperparameters, keys with $ and further params are ignored", async () => {
    const config = { k: 1, $schema: "x" };
    const job_id = await run("decomp", {
      data_handle: small,
      algorithm: "PCA",
      config,
      hyperparameters: { k: 3 },
      whatever: 1,
      question: "why?",
    });
    expect(await slice(job_id, "summary")).toMatchObject({ config: { k: 1 }, question: "why?" });
  });

  test("a column of text is refused by name when no features were chosen, and nothing runs; chosen, it fails the job", async () => {
    const before = (await client.result("job.list")).jobs.length;
    for (const [method, algorithm] of [
      ["decomp", "PCA"],
      ["cluster", "KMeans"],
    ] as const) {
      expect(await client.refusal(method, { data_handle: wine, algorithm })).toMatchObject({
        code: "invalid_params",
        message: expect.stringMatching(/"cultivar" holds text\. .*the 13 numeric ones/),
        details: { problems: [{ path: "features" }] },
      });
    }
    expect((await client.result("job.list")).jobs).toHaveLength(before);
    expect(await failure("decomp", { data_handle: wine, algorithm: "PCA", features: ["alcohol", "cultivar"] })).toContain(
      '"cultivar" holds text',
    );
  });

  test("ICA and NMF name their components and repeat to the bit with the same seed", async () => {
    const params = { data_handle: wine, algorithm: "NMF", features: ["alcohol", "ash", "proline"], seed: 7 };
    const [one, two] = [await run("decomp", params), await run("decomp", params)];
    const first = await table("job.result", { job_id: one, slice: "transformed" });
    expect(Object.keys(first)).toEqual(["NMF_1", "NMF_2"]);
    expect(await table("job.result", { job_id: two, slice: "transformed" })).toEqual(first);
    const ica = await run("decomp", { ...params, algorithm: "ica", config: { k: 2 } });
    expect(Object.keys(await table("job.result", { job_id: ica, slice: "loadings" }))).toEqual(["variable", "ICA_1", "ICA_2"]);
  });

  test("+ predict transforms new rows as the training rows; its file is saved under the kind of the job (R-140)", async () => {
    const job_id = await run("decomp", { data_handle: small, algorithm: "PCA", config: { k: 2 } });
    expect(await table("job.predict", { job_id, data_handle: small })).toEqual(await table("job.result", { job_id, slice: "transformed" }));
    expect((await table("job.predict", { job_id, data_handle: other })).PC1).toHaveLength(15);
    expect(await client.refusal("job.predict", { job_id, data_handle: wine })).toMatchObject({
      code: "invalid_params",
      message: expect.stringContaining('"a"'),
    });
    const saved = await client.result("job.save", { job_id, dir: "fits" });
    expect(saved.path).toMatch(new RegExp(`/fits/decomp_${job_id}\\.tym$`));
  });
});

describe("cluster", () => {
  test("assignments, one for each row; summary, quality and centres", async () => {
    const job_id = await run("cluster", { data_handle: small, algorithm: "KMeans", config: { k: 3 }, seed: 1 });
    const { cluster } = await table("job.result", { job_id, slice: "assignments" });
    expect(cluster).toHaveLength(40);
    expect(new Set(cluster)).toEqual(new Set([1, 2, 3]));
    const summary = await slice(job_id, "summary");
    expect(summary).toMatchObject({
      ".class": "Clustering",
      algorithm: "KMeans",
      k: 3,
      clusters: { available: true, fetch_via: "assignments" },
      quality: { silhouette: expect.any(Number), silhouette_rows: 40 },
    });
    expect(summary.clust.centers).toHaveLength(3);
    expect(summary.clust.sizes.reduce((sum: number, size: number) => sum + size)).toBe(40);
    expect((await slice(job_id, "raw")).clusters).toEqual(cluster);
    expect(await slice(job_id, "memberships")).toMatchObject({ rows: 0, columns: [] });
    expect((await table("job.predict", { job_id, data_handle: small })).cluster).toEqual(cluster);
  });

  test("DBSCAN's noise is 0; CMeans has memberships as well; HardCL and NeuralGas run", async () => {
    const dbscan = await run("cluster", { data_handle: small, algorithm: "dbscan", config: { eps: 1.5, min_points: 4 } });
    const found = await table("job.result", { job_id: dbscan, slice: "assignments" });
    const { clust } = await slice(dbscan, "summary");
    expect(found.cluster?.filter((value) => value === 0)).toHaveLength(clust.noise);
    expect(clust).toMatchObject({ centers: null, core_points: expect.any(Number) });
    const fuzzy = await run("cluster", { data_handle: small, algorithm: "CMeans", config: { k: 2 } });
    expect(Object.keys(await table("job.result", { job_id: fuzzy, slice: "memberships" }))).toEqual(["cluster_1", "cluster_2"]);
    for (const algorithm of ["HardCL", "NeuralGas"]) {
      expect((await slice(await run("cluster", { data_handle: small, algorithm }), "summary")).k).toBe(3);
    }
  });

  test("more clusters than rows fail the job and say so", async () => {
    expect(await failure("cluster", { data_handle: small, algorithm: "KMeans", config: { k: 41 } })).toContain("at most 40 clusters");
  });
});

describe("slices and events", () => {
  let decomp = "";
  let cluster = "";
  beforeAll(async () => {
    decomp = await run("decomp", { data_handle: small, algorithm: "ICA", seed: 1, config: { k: 2 } });
    cluster = await run("cluster", { data_handle: small, algorithm: "KMeans", seed: 1 });
  });

  test("R-129, R-130, R-133: slices of another kind of result are invalid_params", async () => {
    for (const [job_id, names] of [
      [decomp, ["assignments", "memberships", "predictions", "metrics", "report"]],
      [cluster, ["transformed", "loadings", "predictions", "metrics", "report"]],
    ] as const) {
      for (const name of names) {
        expect((await client.refusal("job.result", { job_id, slice: name })).code).toBe("invalid_params");
      }
    }
  });

  test("R-134, R-136, R-139: importance, roc and session of a result that is no model are empty, not an error", async () => {
    for (const job_id of [decomp, cluster]) {
      for (const name of ["varimp", "roc", "session", "importance", "calibration", "residuals"]) {
        expect(await slice(job_id, name)).toMatchObject({ rows: 0, cols: 0, columns: [], format: "arrow-ipc" });
      }
    }
  });

  test("records are those of their families, with unset fields as null", async () => {
    const record = await slice(decomp, "record");
    expect(record).toMatchObject({
      $schema: "https://schema.rtemis.org/decompose/v1/record.json",
      dat_path: null,
      outdir: null,
      algorithm: "ICA",
      decomposition_config: { algorithm: "ICA", config: { k: 2, seed: 1, origin: { k: "user", fun: "default" } } },
      metrics: expect.any(Object),
      provenance: { outcome: "completed", data_training: { n_rows: 40, n_cols: 4 } },
    });
    const clustering = await slice(cluster, "record");
    expect(clustering).toMatchObject({
      $schema: "https://schema.rtemis.org/cluster/v1/record.json",
      clustering_config: { algorithm: "KMeans", config: { k: 3, origin: { k: "default" } } },
    });
    expect(clustering).not.toHaveProperty("decomposition_config");
  });

  test("progress is one loop that ends at 1, lines of text, and the curve of what is lowered", async () => {
    const history = await client.result("job.history", { job_id: cluster });
    expect(history.nodes).toHaveLength(1);
    expect(history.nodes[0]).toMatchObject({ node_id: "pb1", kind: "cluster", status: "done", fraction: 1 });
    expect(history.log.map((line: { message: string }) => line.message)).toEqual(["KMeans: started", "KMeans: done"]);
    expect(history.series[0]).toMatchObject({ split: "start 1", measure: "within" });
    const curves = await table("job.result", { job_id: cluster, slice: "learning_curves" });
    expect(new Set(curves.split).size).toBe(10);
  });

  test("jobs of all kinds share one list; a late cancel changes nothing; they can be deleted", async () => {
    const { jobs } = await client.result("job.list");
    expect(new Set(jobs.map((job: { type: string }) => job.type))).toEqual(new Set(["decomp", "cluster"]));
    expect(await client.result("job.cancel", { job_id: cluster })).toEqual({ cancelled: false });
    const gone = await run("cluster", { data_handle: small, algorithm: "KMeans" });
    expect(await client.result("job.delete", { job_id: gone })).toEqual({ deleted: true });
  });

  test("a running decomposition is cancelled, and says so once it has stopped (R-105)", async () => {
    const features = ["alcohol", "malic_acid", "ash", "magnesium", "hue", "proline"];
    const config = { k: 5, nrun: 1000, maxit: 1_000_000, tol: 0 };
    const { job_id } = await client.result("decomp", { data_handle: wine, algorithm: "NMF", features, config });
    await client.event("job.progress", (event) => event.job_id === job_id && event.status === "update");
    expect(await client.result("job.cancel", { job_id })).toEqual({ cancelled: true });
    await client.event("job.cancelled", (event) => event.job_id === job_id);
    expect((await client.refusal("job.result", { job_id })).code).toBe("invalid_params");
  });
});
