import type { JobSummary } from "../../client/index.ts";
import type { Route } from "./router.ts";
import { jobName } from "./words.ts";

const NAME = "Trainyard";

const VIEW_TITLES: Readonly<Record<Route["view"], string>> = {
  start: "",
  data: "Data",
  "data-set": "Data",
  new: "New model",
  explore: "Components and clusters",
  jobs: "Jobs",
  compare: "Compare",
  runs: "Runs",
  run: "Run",
  "run-compare": "Compare runs",
  job: "Job",
  prompts: "Prompts",
  prompt: "Prompt training",
  daemons: "Daemons",
  settings: "Settings",
  unknown: "Not found",
};

/** The window's title: what is shown and how far the job of interest is, readable in a background tab. Pure. */
export function titleOf(route: Route, jobs: readonly JobSummary[] | null): string {
  const shown = route.view === "job" ? jobs?.find((job) => job.job_id === route.id) : undefined;
  const job = shown ?? jobs?.find((other) => other.status === "running");
  if (job === undefined) return [VIEW_TITLES[route.view], NAME].filter((part) => part !== "").join(" · ");
  const name = jobName(job);
  switch (job.status) {
    case "queued":
      return `◔ ${name}`;
    case "running":
    case "cancelling":
      return job.fraction === null ? `● ${name}` : `${Math.floor(job.fraction * 100)} % · ${name}`;
    case "complete":
      return `✓ ${name}`;
    case "failed":
    case "interrupted":
      return `✕ ${name}`;
    case "cancelled":
      return `■ ${name}`;
  }
}
