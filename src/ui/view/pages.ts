import { lazyView } from "./lazy.tsx";

export { DataPage } from "./data/data-page.tsx";
export { JobsPage } from "./jobs/jobs-page.tsx";
export { NotFoundPage } from "./not-found.tsx";
/** The views by address. What the first screen does not need is loaded when it is asked for. */
export { StartPage } from "./start/start-page.tsx";

export const DataSetPage = lazyView(() => import("./data/data-set-page.tsx").then((module) => module.DataSetPage));
export const NewModelPage = lazyView(() => import("./new/new-model-page.tsx").then((module) => module.NewModelPage));
export const ExplorePage = lazyView(() => import("./explore/explore-page.tsx").then((module) => module.ExplorePage));
export const JobPage = lazyView(() => import("./job/job-page.tsx").then((module) => module.JobPage));
export const ComparePage = lazyView(() => import("./compare/compare-page.tsx").then((module) => module.ComparePage));
export const RunsPage = lazyView(() => import("./runs/runs-page.tsx").then((module) => module.RunsPage));
export const RunPage = lazyView(() => import("./runs/run-page.tsx").then((module) => module.RunPage));
export const CompareRunsPage = lazyView(() => import("./runs/compare-runs-page.tsx").then((module) => module.CompareRunsPage));
export const PromptsPage = lazyView(() => import("./prompts/prompts-page.tsx").then((module) => module.PromptsPage));
export const PromptTrainingPage = lazyView(() => import("./prompts/training-page.tsx").then((module) => module.TrainingPage));
export const DaemonsPage = lazyView(() => import("./daemons/daemons-page.tsx").then((module) => module.DaemonsPage));
export const SettingsPage = lazyView(() => import("./settings/settings-page.tsx").then((module) => module.SettingsPage));
