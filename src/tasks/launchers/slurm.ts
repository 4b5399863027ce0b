import { type ClusterJobOptions, clusterLauncher } from "./cluster-job.ts";
import type { Launcher } from "./launcher.ts";

/** Daemons as one Slurm job, or job array: `sbatch` reads the script. Source: https://slurm.schedmd.com/sbatch.html */
export function slurm(options: ClusterJobOptions = {}): Launcher {
  return clusterLauncher({ name: "slurm", command: "sbatch", prefix: "#SBATCH", arrayLine: (n) => `#SBATCH --array=1-${n}` }, options);
}
