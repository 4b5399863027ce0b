import { type ClusterJobOptions, clusterLauncher } from "./cluster-job.ts";
import type { Launcher } from "./launcher.ts";

/** Daemons as one job, or job array, of Torque: `qsub` reads the script. Source: its manual page qsub(1B), option -t. For PBS Professional use `pbs`. */
export function torque(options: ClusterJobOptions = {}): Launcher {
  return clusterLauncher({ name: "torque", command: "qsub", prefix: "#PBS", arrayLine: (n) => `#PBS -t 1-${n}` }, options);
}
