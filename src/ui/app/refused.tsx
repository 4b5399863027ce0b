import { useState } from "preact/hooks";
import { Button, Empty, TextField } from "../kit/index.ts";
import { attempt } from "./actions.ts";
import { useApp } from "./context.ts";
import { navigate, paths } from "./router.ts";

export interface RefusedPanelProps {
  readonly why: string;
  readonly reason: string;
  readonly onToken: (token: string) => void;
}

/** The whole page when the server does not let us in: what happened and what to do. */
export function RefusedPanel({ why, reason, onToken }: RefusedPanelProps) {
  const [token, setToken] = useState("");
  const enter = (): void => {
    if (token.trim() !== "") onToken(token.trim());
  };
  const needsToken = why === "token" || why === "missing";
  return (
    <main class="a-refused" id="content">
      <h1>{TITLES[why] ?? "The server refused this page"}</h1>
      <p>{TEXTS[why] ?? reason}</p>
      {needsToken ? (
        <form
          class="a-refused-form"
          onSubmit={(event) => {
            event.preventDefault();
            enter();
          }}
        >
          <TextField
            label="Token"
            value={token}
            onChange={setToken}
            mono
            placeholder="xxxx-xxxx-xxxx-xxxx"
            help="It stands behind #token= in the link, and in the server's window."
          />
          <Button kind="primary" type="submit" disabled={token.trim() === ""}>
            Open Trainyard
          </Button>
        </form>
      ) : null}
      {reason === "" ? null : <p class="a-quiet">The server said: {reason}</p>}
    </main>
  );
}

const TITLES: Readonly<Record<string, string>> = {
  missing: "This page needs the server's token",
  token: "The server refused the token",
  origin: "The server refused this address",
  version: "This page and the server do not fit together",
};

const TEXTS: Readonly<Record<string, string>> = {
  missing: "Open the link that the server printed when it started. Or give the token here.",
  token: "The server has perhaps been started again: then it has printed a new link. Open that one, or give its token here.",
  origin: "Open the page at the address that the server printed when it started.",
  version: "Load the page again. If that does not help, upgrade Trainyard and start the server again.",
};

export function SessionGonePanel() {
  const app = useApp();
  return (
    <Empty
      title="This session is gone"
      icon="session"
      actions={
        <Button
          kind="primary"
          onClick={() =>
            void attempt(() => app.newSession()).then((done) => {
              if (done) navigate(paths.start);
            })
          }
        >
          Start a new one
        </Button>
      }
    >
      It was deleted from another page, or nobody used it for a long time. Its data and jobs are gone with it.
    </Empty>
  );
}
