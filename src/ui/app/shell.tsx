import { useEffect, useRef, useState } from "preact/hooks";
import { Button, Dialog, ToastRegion } from "../kit/index.ts";
import {
  ComparePage,
  CompareRunsPage,
  DaemonsPage,
  DataPage,
  DataSetPage,
  ExplorePage,
  JobPage,
  JobsPage,
  NewModelPage,
  NotFoundPage,
  PromptsPage,
  PromptTrainingPage,
  RunPage,
  RunsPage,
  SettingsPage,
  StartPage,
} from "../view/pages.ts";
import { Boundary } from "./boundary.tsx";
import { useApp, useStore } from "./context.ts";
import { LinkBanner } from "./link-pill.tsx";
import { Rail } from "./rail.tsx";
import { RefusedPanel, SessionGonePanel } from "./refused.tsx";
import { navigate, paths, type Route, route } from "./router.ts";
import { onCommand, SHORTCUTS } from "./shortcuts.ts";
import { titleOf } from "./title.ts";
import { TopBar } from "./top-bar.tsx";

/** The frame around every view: rail, top bar, banner, the view itself, messages. */
export function Shell() {
  const app = useApp();
  const closed = useStore((state) => (state.link.at === "closed" && state.link.why !== "asked" ? state.link : null));
  const sessionGone = useStore((state) => state.sessionGone);
  const [helpOpen, setHelpOpen] = useState(false);
  useTitle();
  useCommands(() => setHelpOpen(true));
  if (closed !== null) return <RefusedPanel why={closed.why} reason={closed.reason} onToken={(token) => app.tryToken(token)} />;
  return (
    <div class="a-shell">
      <a class="a-skip" href="#content">
        Skip to the content
      </a>
      <Rail />
      <div class="a-main">
        <TopBar onHelp={() => setHelpOpen(true)} />
        <LinkBanner />
        <main id="content" class="a-content" tabIndex={-1} data-region="content">
          {sessionGone ? <SessionGonePanel /> : <CurrentView route={route.value} />}
        </main>
      </div>
      <ShortcutHelp open={helpOpen} onClose={() => setHelpOpen(false)} />
      <ToastRegion />
    </div>
  );
}

function CurrentView({ route: now }: { route: Route }) {
  switch (now.view) {
    case "start":
      return (
        <Boundary key="start">
          <StartPage />
        </Boundary>
      );
    case "data":
      return (
        <Boundary key="data">
          <DataPage />
        </Boundary>
      );
    case "data-set":
      return (
        <Boundary key={now.id}>
          <DataSetPage id={now.id} tab={now.tab} />
        </Boundary>
      );
    case "new":
      return (
        <Boundary key={`new ${now.data} ${now.from}`}>
          <NewModelPage dataHandle={now.data} fromJob={now.from} />
        </Boundary>
      );
    case "explore":
      return (
        <Boundary key={`explore ${now.data}`}>
          <ExplorePage dataHandle={now.data} />
        </Boundary>
      );
    case "jobs":
      return (
        <Boundary key="jobs">
          <JobsPage />
        </Boundary>
      );
    case "job":
      return (
        <Boundary key={now.id}>
          <JobPage id={now.id} tab={now.tab} />
        </Boundary>
      );
    case "compare":
      return (
        <Boundary key="compare">
          <ComparePage jobIds={now.jobIds} />
        </Boundary>
      );
    case "runs":
      return (
        <Boundary key="runs">
          <RunsPage search={now.search} />
        </Boundary>
      );
    case "run":
      return (
        <Boundary key={now.id}>
          <RunPage id={now.id} search={now.search} />
        </Boundary>
      );
    case "run-compare":
      return (
        <Boundary key="run-compare">
          <CompareRunsPage search={now.search} />
        </Boundary>
      );
    case "prompts":
      return (
        <Boundary key="prompts">
          <PromptsPage />
        </Boundary>
      );
    case "prompt":
      return (
        <Boundary key={now.id}>
          <PromptTrainingPage id={now.id} />
        </Boundary>
      );
    case "daemons":
      return (
        <Boundary key="daemons">
          <DaemonsPage />
        </Boundary>
      );
    case "settings":
      return (
        <Boundary key="settings">
          <SettingsPage />
        </Boundary>
      );
    case "unknown":
      return <NotFoundPage path={now.path} />;
  }
}

function ShortcutHelp({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog open={open} onClose={onClose} title="Keyboard shortcuts" actions={<Button onClick={onClose}>Close</Button>}>
      <dl class="a-keys">
        {SHORTCUTS.map((shortcut) => (
          <div key={shortcut.keys}>
            <dt>
              <kbd>{shortcut.keys}</kbd>
            </dt>
            <dd>{shortcut.does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

function useTitle(): void {
  const jobs = useStore((state) => state.jobs);
  const text = titleOf(route.value, jobs);
  useEffect(() => {
    document.title = text;
  }, [text]);
}

function useCommands(showHelp: () => void): void {
  const help = useRef(showHelp);
  help.current = showHelp;
  useEffect(() => {
    const stops = [
      onCommand("start", () => navigate(paths.start)),
      onCommand("data", () => navigate(paths.data)),
      onCommand("jobs", () => navigate(paths.jobs)),
      onCommand("runs", () => navigate(paths.runs)),
      onCommand("compare", () => navigate(paths.compare())),
      onCommand("daemons", () => navigate(paths.daemons)),
      onCommand("new", () => {
        const now = route.peek();
        navigate(paths.newModel(now.view === "data-set" ? now.id : null));
      }),
      onCommand("help", () => help.current()),
      onCommand("next-region", () => moveRegion(1)),
      onCommand("previous-region", () => moveRegion(-1)),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, []);
}

/** F6 walks through the parts of the page. */
function moveRegion(step: 1 | -1): void {
  const regions = [...document.querySelectorAll<HTMLElement>("[data-region]")].filter(
    (region) => region.offsetParent !== null || region.dataset.region === "messages",
  );
  const at = regions.findIndex((region) => region.contains(document.activeElement));
  const next = at < 0 ? (step === 1 ? 0 : regions.length - 1) : (at + step + regions.length) % regions.length;
  regions[next]?.focus();
}
