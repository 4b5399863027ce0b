import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { clockTime } from "../../app/words.ts";
import { Button, Card } from "../../kit/index.ts";
import type { LogLine } from "../../store/state.ts";

/** More lines than this are not drawn at once; the newest count. */
const DRAWN = 500;

/** The job's messages; shown once there are some. Follows the end until a person scrolls up. */
export function LogView({ log }: { log: readonly LogLine[] }) {
  const box = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);
  const [seen, setSeen] = useState(0);
  useLayoutEffect(() => {
    const element = box.current;
    if (element !== null && follows) element.scrollTop = element.scrollHeight;
  }, [log, follows]);
  const onScroll = (): void => {
    const element = box.current;
    if (element === null) return;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 24;
    if (atEnd !== follows) {
      setFollows(atEnd);
      setSeen(log.length);
    }
  };
  const unseen = follows ? 0 : Math.max(0, log.length - seen);
  return (
    <Card
      title="Log"
      actions={
        unseen > 0 ? (
          <Button kind="quiet" size="small" onClick={() => setFollows(true)}>
            {unseen} new ↓
          </Button>
        ) : null
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keyboard */}
      <div class="a-log" ref={box} onScroll={onScroll} role="log" aria-live="off" aria-label="Log" tabIndex={0}>
        {log.slice(-DRAWN).map((line, index) => (
          <p key={index} class={`is-${line.level}`}>
            <span class="a-log-time num">{line.at === 0 ? "" : clockTime(line.at)}</span> {line.level === "info" ? "" : `${line.level}: `}
            {line.message}
          </p>
        ))}
      </div>
    </Card>
  );
}
