import { type ClusterJobOptions, clusterLauncher } from "./cluster-job.ts";
import type { Launcher } from "./launcher.ts";

/** Daemons as one job, or job array, of LSF: `bsub` reads the script. Source: its manual page bsub, option -J "name[range]". */
export function lsf(options: ClusterJobOptions = {}): Launcher {
  return clusterLauncher({ name: "lsf", command: "bsub", prefix: "#BSUB", arrayLine: (n) => `#BSUB -J "trainyard[1-${n}]"` }, options);
}
