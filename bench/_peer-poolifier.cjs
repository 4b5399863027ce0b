// The task of poolifier in tasks.mjs, in a thread or a process of a cluster. No ES module: a cluster's first message would come before it is loaded.
const { isMainThread } = require("node:worker_threads");
const { ClusterWorker, ThreadWorker } = require("poolifier");

module.exports = isMainThread ? new ClusterWorker((n) => n) : new ThreadWorker((n) => n);
