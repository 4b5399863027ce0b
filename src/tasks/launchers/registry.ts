import { command } from "./command.ts";
import { http } from "./http.ts";
import { local } from "./local.ts";
import { lsf } from "./lsf.ts";
import { pbs } from "./pbs.ts";
import { sge } from "./sge.ts";
import { slurm } from "./slurm.ts";
import { ssh } from "./ssh.ts";
import { torque } from "./torque.ts";

/** Ways to start daemons that dial in, one line each. */
export const launchers = {
  command,
  http,
  local,
  lsf,
  pbs,
  sge,
  slurm,
  ssh,
  torque,
} as const;
