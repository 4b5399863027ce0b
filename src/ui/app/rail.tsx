import { Icon, type IconName } from "../kit/index.ts";
import { useStore } from "./context.ts";
import { paths, type Route, route } from "./router.ts";

interface Entry {
  readonly view: readonly Route["view"][];
  readonly href: string;
  readonly label: string;
  readonly icon: IconName;
  readonly aside?: string | null;
}

export function Rail() {
  const now = route.value;
  const daemons = useStore((state) => state.daemons);
  const running = useStore((state) => state.jobs?.find((job) => job.status === "running") ?? null);
  const percent = running?.fraction == null ? null : `${Math.floor(running.fraction * 100)} %`;
  const entries: readonly Entry[] = [
    { view: ["start"], href: paths.start, label: "Start", icon: "home" },
    { view: ["data", "data-set"], href: paths.data, label: "Data", icon: "data" },
    { view: ["new"], href: paths.newModel(), label: "New model", icon: "model" },
    { view: ["jobs", "job"], href: paths.jobs, label: "Jobs", icon: "jobs", aside: percent },
    { view: ["runs", "run", "run-compare"], href: paths.runs, label: "Runs", icon: "chart" },
    { view: ["compare"], href: paths.compare(), label: "Compare", icon: "compare" },
    { view: ["prompts", "prompt"], href: paths.prompts, label: "Prompts", icon: "spark" },
    { view: ["daemons"], href: paths.daemons, label: "Daemons", icon: "daemon", aside: daemons === null ? null : String(daemons) },
  ];
  return (
    <nav class="a-rail" aria-label="Pages" data-region="pages" tabIndex={-1}>
      <a class="a-brand" href={paths.start}>
        <Mark />
        <span>Trainyard</span>
      </a>
      <ul>
        {entries.map((entry) => (
          <li key={entry.label}>
            <a class="a-rail-link" href={entry.href} aria-current={entry.view.includes(now.view) ? "page" : undefined} title={entry.label}>
              <Icon name={entry.icon} />
              <span class="a-rail-label">{entry.label}</span>
              {entry.aside ? <span class="a-rail-aside num">{entry.aside}</span> : null}
            </a>
          </li>
        ))}
      </ul>
      <p class="a-rail-foot">
        <a class="a-rail-link" href={paths.settings} aria-current={now.view === "settings" ? "page" : undefined} title="Settings">
          <Icon name="settings" />
          <span class="a-rail-label">Settings</span>
        </a>
      </p>
    </nav>
  );
}

/** Three tracks that become one. */
function Mark() {
  return (
    <svg class="a-mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
      <rect width="24" height="24" rx="6" class="a-mark-ground" />
      <path d="M5 6.5c5 0 5 5.5 9.5 5.5H19M5 12h14M5 17.5c5 0 5-5.5 9.5-5.5" class="a-mark-line" />
    </svg>
  );
}
