import { useState } from "preact/hooks";
import type { SessionListEntry } from "../../client/index.ts";
import { Button, Dialog, Empty, Menu, Skeleton, Table, TextField } from "../kit/index.ts";
import { attempt } from "./actions.ts";
import { useApp, useStore } from "./context.ts";
import { navigate, paths } from "./router.ts";
import { dateTime } from "./words.ts";

const NAME_RULE = /^[A-Za-z0-9_.-]{1,64}$/;

export function SessionMenu() {
  const app = useApp();
  const session = useStore((state) => state.session);
  const [open, setOpen] = useState<"rename" | "switch" | null>(null);
  if (session === null) return null;
  return (
    <>
      <Menu
        label={`Session: ${session.name}`}
        icon="session"
        items={[
          { id: "rename", label: "Rename…", onSelect: () => setOpen("rename") },
          { id: "switch", label: "Other sessions…", onSelect: () => setOpen("switch") },
          {
            id: "new",
            label: "New session",
            onSelect: () => {
              void attempt(() => app.newSession()).then((done) => {
                if (done) navigate(paths.start);
              });
            },
          },
        ]}
      >
        <span class="a-session-name">{session.name}</span>
      </Menu>
      {open === "rename" ? <RenameDialog name={session.name} onClose={() => setOpen(null)} /> : null}
      {open === "switch" ? <SwitchDialog current={session.session_id} onClose={() => setOpen(null)} /> : null}
    </>
  );
}

function RenameDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const app = useApp();
  const [text, setText] = useState(name);
  const fault = NAME_RULE.test(text) ? null : "Use 1 to 64 letters, digits, dots, dashes or underscores.";
  const rename = async (): Promise<void> => {
    if (fault !== null) return;
    if (await attempt(() => app.client.call("session.rename", { name: text }))) onClose();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title="Rename this session"
      actions={
        <>
          <Button onClick={onClose}>Keep the name</Button>
          <Button kind="primary" disabled={fault !== null} onClick={() => void rename()}>
            Rename
          </Button>
        </>
      }
    >
      <TextField
        label="Name"
        value={text}
        onChange={setText}
        error={fault}
        onEnter={() => void rename()}
        help="A session keeps your data and jobs. It lives on the server, not in this page."
      />
    </Dialog>
  );
}

function SwitchDialog({ current, onClose }: { current: string; onClose: () => void }) {
  const app = useApp();
  const [sessions, setSessions] = useState<readonly SessionListEntry[] | null>(null);
  const [asked, setAsked] = useState(false);
  if (!asked) {
    setAsked(true);
    void attempt(async () => {
      const reply = await app.client.call("session.list", {});
      setSessions([...reply.sessions].sort((a, b) => b.last_seen.localeCompare(a.last_seen)));
    });
  }
  const join = async (id: string): Promise<void> => {
    if (!(await attempt(() => app.switchSession(id)))) return;
    onClose();
    navigate(paths.start);
  };
  return (
    <Dialog open wide onClose={onClose} title="Sessions on this server" actions={<Button onClick={onClose}>Close</Button>}>
      {sessions === null ? (
        <Skeleton lines={4} />
      ) : (
        <Table
          caption="Sessions on this server"
          rows={sessions}
          rowKey={(row) => row.session_id}
          empty={<Empty title="No sessions" />}
          columns={[
            { id: "name", header: "Name", cell: (row) => row.name, rowHeader: true },
            {
              id: "jobs",
              header: "Jobs",
              align: "end",
              cell: (row) => (row.jobs_running > 0 ? `${row.n_jobs}, ${row.jobs_running} running` : row.n_jobs),
            },
            { id: "seen", header: "Last used", cell: (row) => dateTime(row.last_seen) },
            {
              id: "go",
              header: <span class="sr-only">Actions</span>,
              align: "end",
              cell: (row) =>
                row.session_id === current ? (
                  "open here"
                ) : (
                  <Button size="small" onClick={() => void join(row.session_id)} aria-label={`Open session ${row.name}`}>
                    Open
                  </Button>
                ),
            },
          ]}
        />
      )}
    </Dialog>
  );
}
