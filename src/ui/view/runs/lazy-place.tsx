import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** What is nearer than this to the screen is made, what is further than that is taken away. */
const NEAR = "400px 0px";
const FAR = "1600px 0px";
/** Made in one frame at most; many at once would hold the page up. */
const PER_FRAME = 2;

let queue: (() => void)[] = [];

function nextFrame(make: () => void): void {
  queue.push(make);
  if (queue.length === 1) requestAnimationFrame(drain);
}

function drain(): void {
  const now = queue.slice(0, PER_FRAME);
  queue = queue.slice(PER_FRAME);
  for (const make of now) make();
  if (queue.length > 0) requestAnimationFrame(drain);
}

/** Keeps the place of something costly and makes it only while it is near the screen. What holds the focus stays. */
export function LazyPlace({ height, children }: { height: number; children: () => ComponentChildren }) {
  const place = useRef<HTMLDivElement>(null);
  const [isNear, setNear] = useState(false);
  const lastHeight = useRef(height);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    let isWanted = false;
    const near = new IntersectionObserver(
      (entries) => {
        if (entries.at(-1)?.isIntersecting !== true || isWanted) return;
        isWanted = true;
        nextFrame(() => {
          if (isWanted) setNear(true);
        });
      },
      { rootMargin: NEAR },
    );
    const far = new IntersectionObserver(
      (entries) => {
        if (entries.at(-1)?.isIntersecting !== false || element.contains(document.activeElement)) return;
        if (element.clientHeight > 0) lastHeight.current = element.clientHeight;
        isWanted = false;
        setNear(false);
      },
      { rootMargin: FAR },
    );
    near.observe(element);
    far.observe(element);
    return () => {
      isWanted = false;
      near.disconnect();
      far.disconnect();
    };
  }, []);
  return (
    <div ref={place} class="r-place" style={isNear ? undefined : { minBlockSize: `${lastHeight.current}px` }}>
      {isNear ? children() : null}
    </div>
  );
}
