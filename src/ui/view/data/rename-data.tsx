import { useState } from "preact/hooks";
import type { HandleSummary } from "../../../client/index.ts";
import { attempt } from "../../app/actions.ts";
import { useApp } from "../../app/context.ts";
import { Button, Dialog, TextField } from "../../kit/index.ts";

export function RenameData({ handle, onClose }: { handle: HandleSummary; onClose: () => void }) {
  const app = useApp();
  const [name, setName] = useState(handle.name);
  const rename = async (): Promise<void> => {
    if (name.trim() === "") return;
    if (await attempt(() => app.client.call("data.rename", { data_handle: handle.data_handle, name: name.trim() }))) onClose();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Rename ${handle.name}`}
      actions={
        <>
          <Button onClick={onClose}>Keep the name</Button>
          <Button kind="primary" disabled={name.trim() === ""} onClick={() => void rename()}>
            Rename
          </Button>
        </>
      }
    >
      <TextField label="Name" value={name} onChange={setName} onEnter={() => void rename()} />
    </Dialog>
  );
}
