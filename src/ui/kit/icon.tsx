import { classNames } from "./class-names.ts";

/** Line icons on a 16 grid, stroke 1.5. */
const PATHS = {
  check: "M3 8.5 6.4 12 13 4.5",
  cross: "M4 4l8 8M12 4l-8 8",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  "chevron-down": "M4 6l4 4 4-4",
  "chevron-right": "M6 4l4 4-4 4",
  "chevron-left": "M10 4 6 8l4 4",
  "chevron-up": "M4 10l4-4 4 4",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM10.7 10.7 14 14",
  reset: "M3 8a5 5 0 1 0 1.6-3.7M3 2.5v3h3",
  upload: "M8 11V3M4.7 6 8 2.7 11.3 6M2.5 10.5v2a1 1 0 0 0 1 1h9a1 1 0 0 0 1-1v-2",
  download: "M8 3v8M4.7 8 8 11.3 11.3 8M2.5 11.5v1a1 1 0 0 0 1 1h9a1 1 0 0 0 1-1v-1",
  table: "M2.5 3.5h11v9h-11zM2.5 6.5h11M2.5 9.5h11M6.5 6.5v6",
  chart: "M2.5 2.5v11h11M5 10l2.5-3 2 1.5L13 4.5",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  warning: "M8 2.5 14 13H2L8 2.5ZM8 6.5V9.3M8 11.3h.01",
  info: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 7.5V11M8 5.2h.01",
  error: "M5.5 2h5L14 5.5v5L10.5 14h-5L2 10.5v-5L5.5 2ZM8 5v3.5M8 10.9h.01",
  ok: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM5.3 8.2 7.3 10.2 10.9 6",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.8V8l2.2 1.6",
  play: "M5 3.2v9.6L12.5 8 5 3.2Z",
  stop: "M4 4h8v8H4z",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1.5v1.2M8 13.3v1.2M14.5 8h-1.2M2.7 8H1.5M12.6 3.4l-.9.9M4.3 11.7l-.9.9M12.6 12.6l-.9-.9M4.3 4.3l-.9-.9",
  moon: "M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1Z",
  copy: "M5.5 5.5v-2a1 1 0 0 1 1-1h6a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-2M3.5 5.5h6a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-6a1 1 0 0 1-1-1v-6a1 1 0 0 1 1-1Z",
  trash: "M2.8 4.5h10.4M6.3 4.5V3a.7.7 0 0 1 .7-.7h2a.7.7 0 0 1 .7.7v1.5M4.2 4.5l.5 8a1 1 0 0 0 1 1h4.6a1 1 0 0 0 1-1l.5-8M6.7 7v4M9.3 7v4",
  data: "M13 4c0 1.1-2.2 2-5 2S3 5.1 3 4s2.2-2 5-2 5 .9 5 2ZM3 4v8c0 1.1 2.2 2 5 2s5-.9 5-2V4M3 8c0 1.1 2.2 2 5 2s5-.9 5-2",
  model: "M8 1.8 13.5 5v6L8 14.2 2.5 11V5L8 1.8ZM2.5 5 8 8.2 13.5 5M8 8.2v6",
  jobs: "M2.5 4h11M2.5 8h7M2.5 12h9",
  compare: "M5 2.5v11M11 2.5v11M2.5 5.5h5M8.5 10.5h5",
  daemon: "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01",
  session: "M8 8a2.8 2.8 0 1 0 0-5.6A2.8 2.8 0 0 0 8 8ZM2.8 13.6c.5-2.4 2.6-3.6 5.2-3.6s4.7 1.2 5.2 3.6",
  home: "M2.5 7.5 8 2.8l5.5 4.7M4 6.5v6.7h8V6.5",
  settings:
    "M2 4.5h7M12 4.5h2M2 11.5h2M7 11.5h7M10.5 6.2a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4ZM5.5 13.2a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4Z",
  key: "M9.8 9.2a3.4 3.4 0 1 0-3-3L2.5 10.5v3h3v-2h2v-2l.6-.6",
  link: "M6.7 9.3a2.6 2.6 0 0 0 3.7 0l2.2-2.2a2.6 2.6 0 0 0-3.7-3.7L8 4.3M9.3 6.7a2.6 2.6 0 0 0-3.7 0L3.4 8.9a2.6 2.6 0 0 0 3.7 3.7l.9-.9",
  file: "M9 2H4.5a1 1 0 0 0-1 1v10a1 1 0 0 0 1 1h7a1 1 0 0 0 1-1V5.5L9 2ZM9 2v3.5h3.5",
  target: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM8 8h.01",
  spark: "M8 2v4M8 10v4M2 8h4M10 8h4",
  expand: "M9.5 2.5h4v4M13.5 2.5 9 7M6.5 13.5h-4v-4M2.5 13.5 7 9",
  tune: "M4 2v5M4 10v4M8 2v2M8 7v7M12 2v7M12 12v2M2.5 8.5h3M6.5 5.5h3M10.5 10.5h3",
} as const;

export type IconName = keyof typeof PATHS;

/** Decoration unless it has a label. Takes the colour of the text around it. */
export function Icon({ name, size = 16, label, class: className }: { name: IconName; size?: number; label?: string; class?: string }) {
  const shape = <path d={PATHS[name]} />;
  const shared = {
    viewBox: "0 0 16 16",
    width: size,
    height: size,
    class: classNames("k-icon", name === "more" && "is-dots", className),
  };
  return label === undefined ? (
    <svg {...shared} aria-hidden="true" focusable="false">
      {shape}
    </svg>
  ) : (
    <svg {...shared} role="img" aria-label={label}>
      {shape}
    </svg>
  );
}
