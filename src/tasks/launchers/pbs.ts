import { type ClusterJobOptions, clusterLauncher } from "./cluster-job.ts";
import type { Launcher } from "./launcher.ts";

/** Daemons as one job, or job array, of PBS Professional and OpenPBS: `qsub` reads the script. Source: its manual page qsub(1B), option -J. For Torque use `torque`. */
export function pbs(options: ClusterJobOptions = {}): Launcher {
  return clusterLauncher({ name: "pbs", command: "qsub", prefix: "#PBS", arrayLine: (n) => `#PBS -J 1-${n}` }, options);
}
