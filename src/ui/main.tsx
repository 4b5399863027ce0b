import { render } from "preact";
import "./tokens.css";
import "./kit/kit.css";
import "./chart/chart.css";
import "./app/app.css";
import { App } from "./app/app.ts";
import { AppContext } from "./app/context.ts";
import { RefusedPanel } from "./app/refused.tsx";
import { startRouter } from "./app/router.ts";
import { shortcutsOn, startSettings } from "./app/settings.ts";
import { Shell } from "./app/shell.tsx";
import { startShortcuts } from "./app/shortcuts.ts";
import { takeToken } from "./app/token.ts";
import { Store } from "./store/store.ts";

const page = document.getElementById("page");
if (page === null) throw new Error("the page has no element with the id page");

startSettings();
const token = takeToken(location.hash, sessionStorage, localStorage);
// The token stays out of the history, of bookmarks and of what people copy.
if (location.hash !== "") history.replaceState(null, "", location.pathname + location.search);
startRouter();
startShortcuts(() => shortcutsOn.value);

function open(given: string, target: HTMLElement): void {
  const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/`;
  const app = new App(new Store(), url, given);
  // The link opens while the page is drawn for the first time.
  app.start();
  render(
    <AppContext.Provider value={app}>
      <Shell />
    </AppContext.Provider>,
    target,
  );
}

if (token === null) {
  render(
    <RefusedPanel
      why="missing"
      reason=""
      onToken={(typed) => {
        takeToken(`#token=${encodeURIComponent(typed)}`, sessionStorage, localStorage);
        open(typed, page);
      }}
    />,
    page,
  );
} else {
  open(token, page);
}
