import { useEffect, useRef, useState } from "preact/hooks";
import { attempt } from "../../app/actions.ts";
import { Button, Dialog, Menu, Segmented, Select, TextField, toast } from "../../kit/index.ts";
import type { RunX } from "../../store/runs-series.ts";
import { useAsked, useHub } from "./hooks.ts";
import { PLAIN_LOOK, type RunLook, smoothings, toLook } from "./run-look.ts";

const AXIS_KEYS = 100;
const TYPING_MS = 150;

/** What all charts of the page have in common: which metrics, x, smoothing, scales, and the saved layouts. */
export function LookBar({ look, keys, onLook }: { look: RunLook; keys: readonly string[]; onLook: (look: RunLook) => void }) {
  const setX = (x: string): void => onLook({ ...look, x: x as RunX, smooth: 0 });
  const axis = look.x.startsWith("key:") && !keys.includes(look.x.slice(4)) ? [look.x.slice(4)] : [];
  const xOptions = [
    { value: "step", label: "x: step" },
    { value: "time", label: "x: time" },
    { value: "relative", label: "x: since start" },
    ...[...axis, ...keys.slice(0, AXIS_KEYS)].map((key) => ({ value: `key:${key}`, label: `x: ${key}` })),
  ];
  const smooth = smoothings(look.x);
  const known = smooth.some(({ value }) => value === String(look.smooth));
  const scales = (axis: string) =>
    [
      { value: "linear", label: `${axis} linear` },
      { value: "log", label: `${axis} log` },
    ] as const;
  return (
    <div class="r-bar">
      <div class="is-grow">
        <Filter text={look.filter} onFilter={(filter) => onLook({ ...look, filter })} />
      </div>
      <Select label="Horizontal axis" hideLabel value={look.x} options={xOptions} onChange={setX} />
      <Select
        label="Smoothing"
        hideLabel
        value={String(look.smooth)}
        options={known ? smooth : [...smooth, { value: String(look.smooth), label: `Smooth ${look.smooth}` }]}
        onChange={(value) => onLook({ ...look, smooth: Number(value) })}
      />
      <Segmented
        label="Scale of the values"
        value={look.yLog ? "log" : "linear"}
        options={scales("y")}
        onChange={(value) => onLook({ ...look, yLog: value === "log" })}
      />
      <Segmented
        label="Scale of x"
        value={look.xLog ? "log" : "linear"}
        options={scales("x")}
        onChange={(value) => onLook({ ...look, xLog: value === "log" })}
      />
      <Layouts look={look} onLook={onLook} />
    </div>
  );
}

function Filter({ text, onFilter }: { text: string; onFilter: (text: string) => void }) {
  const [typed, setTyped] = useState(text);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  const sent = useRef(text);
  useEffect(() => {
    // Changed from outside: a layout, or the address.
    if (text !== sent.current) setTyped(text);
    sent.current = text;
  }, [text]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (next: string): void => {
    setTyped(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      sent.current = next;
      onFilter(next);
    }, TYPING_MS);
  };
  return (
    <TextField
      label="Filter metrics"
      hideLabel
      type="search"
      icon="search"
      placeholder="Filter metrics: loss, train/*"
      value={typed}
      onChange={type}
    />
  );
}

/** Looks that were kept under a name, for everybody who uses this server. */
function Layouts({ look, onLook }: { look: RunLook; onLook: (look: RunLook) => void }) {
  const hub = useHub();
  const asked = useAsked("layouts", (one, signal) => one.api.layouts(signal));
  const [dialog, setDialog] = useState<"save" | "remove" | null>(null);
  const names = (asked.value ?? []).map(({ name }) => name).filter((name) => name.startsWith(PREFIX));
  const use = (name: string): void => void attempt(async () => onLook(toLook((await hub.api.layout(name)).layout)));
  return (
    <>
      <Menu
        label="Layout"
        icon="tune"
        items={[
          { id: "plain", label: "Default layout", onSelect: () => onLook(PLAIN_LOOK) },
          ...names.map((name) => ({ id: `use ${name}`, label: title(name), onSelect: () => use(name) })),
          { id: "save", label: "Save this layout…", onSelect: () => setDialog("save") },
          { id: "remove", label: "Remove a layout…", disabled: names.length === 0, onSelect: () => setDialog("remove") },
        ]}
      />
      {dialog === "save" ? <SaveDialog look={look} onClose={() => setDialog(null)} onSaved={asked.again} /> : null}
      {dialog === "remove" ? <RemoveDialog names={names} onClose={() => setDialog(null)} onRemoved={asked.again} /> : null}
    </>
  );
}

/** Other pages keep layouts of their own beside these. */
const PREFIX = "runs: ";
const title = (name: string): string => name.slice(PREFIX.length);

function SaveDialog({ look, onClose, onSaved }: { look: RunLook; onClose: () => void; onSaved: () => void }) {
  const hub = useHub();
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    if (name.trim() === "") return;
    setBusy(true);
    const done = await attempt(() => hub.api.saveLayout(PREFIX + name.trim(), { ...look }));
    setBusy(false);
    if (!done) return;
    toast(`Layout ${name.trim()} is saved.`, "ok");
    onSaved();
    onClose();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title="Save this layout"
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" busy={busy} disabled={name.trim() === ""} onClick={() => void save()}>
            Save
          </Button>
        </>
      }
    >
      <TextField
        label="Name"
        help="Axis, scales, smoothing, filter, pinned and open groups. The same name replaces what was there."
        value={name}
        onChange={setName}
        onEnter={() => void save()}
      />
    </Dialog>
  );
}

function RemoveDialog({ names, onClose, onRemoved }: { names: readonly string[]; onClose: () => void; onRemoved: () => void }) {
  const hub = useHub();
  const remove = (name: string): void =>
    void attempt(async () => {
      await hub.api.removeLayout(name);
      onRemoved();
      onClose();
    });
  return (
    <Dialog open onClose={onClose} title="Remove a layout" actions={<Button onClick={onClose}>Keep all</Button>}>
      <ul class="a-list is-plain">
        {names.map((name) => (
          <li key={name} class="a-row is-apart">
            {title(name)}
            <Button size="small" kind="danger" onClick={() => remove(name)}>
              Remove {title(name)}
            </Button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
