import { useStore } from "../../app/context.ts";
import { motion, shortcutsOn, theme } from "../../app/settings.ts";
import { clockTime } from "../../app/words.ts";
import { Card, Segmented, Switch } from "../../kit/index.ts";
import { PageHead } from "../page-head.tsx";

/** How the page looks and behaves in this browser. */
export function SettingsPage() {
  const link = useStore((state) => state.link);
  const session = useStore((state) => state.session);
  const info = useStore((state) => state.info);
  return (
    <>
      <PageHead title="Settings" subtitle="They are kept in this browser." />
      <Card title="Appearance">
        <div class="a-fields">
          <Segmented
            label="Theme"
            showLabel
            value={theme.value}
            onChange={(value) => {
              theme.value = value;
            }}
            options={[
              { value: "system", label: "As the system" },
              { value: "light", label: "Light" },
              { value: "dark", label: "Dark" },
            ]}
          />
          <Segmented
            label="Motion"
            showLabel
            value={motion.value}
            onChange={(value) => {
              motion.value = value;
            }}
            options={[
              { value: "system", label: "As the system" },
              { value: "reduced", label: "Reduced" },
            ]}
          />
        </div>
      </Card>
      <Card title="Keyboard">
        <Switch
          label="Single-key shortcuts"
          checked={shortcutsOn.value}
          onChange={(checked) => {
            shortcutsOn.value = checked;
          }}
          help="Off, only Ctrl Enter and F6 remain. They never act while you type."
        />
      </Card>
      <Card title="Link">
        <dl class="a-facts is-wide">
          <div>
            <dt>State</dt>
            <dd>{link.at === "live" ? `live since ${clockTime(link.since)}` : link.at}</dd>
          </div>
          <div>
            <dt>Session</dt>
            <dd class="mono">{session?.session_id ?? "–"}</dd>
          </div>
          <div>
            <dt>Server</dt>
            <dd class="mono">{String(info?.version ?? info?.rtemis_server_version ?? info?.server ?? "–")}</dd>
          </div>
        </dl>
      </Card>
    </>
  );
}
