import { type ClusterJobOptions, clusterLauncher } from "./cluster-job.ts";
import type { Launcher } from "./launcher.ts";

/** Daemons as one job, or array job, of Grid Engine: `qsub` reads the script. Source: its manual page qsub(1), option -t. */
export function sge(options: ClusterJobOptions = {}): Launcher {
  return clusterLauncher({ name: "sge", command: "qsub", prefix: "#$", arrayLine: (n) => `#$ -t 1-${n}` }, options);
}
