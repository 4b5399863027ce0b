import { useState } from "preact/hooks";
import { attempt } from "../../app/actions.ts";
import { Button, Card, Segmented, toast } from "../../kit/index.ts";
import { useHub } from "./hooks.ts";

type Language = "ts" | "py" | "sh";

/** Programs that report a run to this very server, ready to be copied: its address and its token are in them. */
export function reportSnippet(language: Language, url: string, token: string): string {
  switch (language) {
    case "ts":
      return `import { init } from "trainyard/log";

const run = init({ name: "my first run", url: "${url}", token: "${token}", config: { lr: 0.1 } });
for (let step = 0; step < 200; step++) run.log({ loss: 1 / (1 + step / 20) });
await run.finish();`;
    case "py":
      return `# trainyard_log.py is in the package's python folder; it needs nothing else.
import trainyard_log

run = trainyard_log.init("my first run", url="${url}", token="${token}", config={"lr": 0.1})
for step in range(200):
    run.log({"loss": 1 / (1 + step / 20)})
run.finish()`;
    case "sh":
      return `api=${url}/api/v2/runs
ask() { curl -sSf -H "Authorization: Bearer ${token}" -H "Content-Type: application/json" "$@"; echo; }
id=$(ask -d '{"name": "my first run"}' $api | sed 's/.*"id":"\\([^"]*\\)".*/\\1/')
ask -d '{"steps": [1, 2, 3], "values": {"loss": [0.9, 0.5, 0.4]}}' $api/$id/points
ask -d '{"state": "completed"}' $api/$id/finish`;
  }
}

export function Snippets() {
  const { token } = useHub();
  const [language, setLanguage] = useState<Language>("ts");
  const text = reportSnippet(language, location.origin, token);
  const copy = (): void =>
    void attempt(async () => {
      await navigator.clipboard.writeText(text);
      toast("Copied.", "ok");
    });
  return (
    <Card
      title="Report a run"
      subtitle="Anything that can send JSON can be watched here. The address and the token of this server are in place."
      actions={
        <>
          <Segmented
            small
            label="Language"
            value={language}
            onChange={setLanguage}
            options={[
              { value: "ts", label: "TypeScript" },
              { value: "py", label: "Python" },
              { value: "sh", label: "curl" },
            ]}
          />
          <Button size="small" icon="copy" onClick={copy}>
            Copy
          </Button>
        </>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keyboard */}
      <pre class="a-code" tabIndex={0}>
        {text}
      </pre>
    </Card>
  );
}
