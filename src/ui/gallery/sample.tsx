import type { ComponentChildren } from "preact";

/** One component of the gallery with its name. */
export function Sample({ name, wide, children }: { name: string; wide?: boolean; children: ComponentChildren }) {
  return (
    <section class={wide ? "g-sample is-wide" : "g-sample"} aria-label={name} data-sample={name}>
      <p class="g-name">{name}</p>
      <div class="g-stage">{children}</div>
    </section>
  );
}
