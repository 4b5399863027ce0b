import { useMemo } from "preact/hooks";
import { wordDiff } from "./word-diff.ts";

/** A text with what was taken out struck through and what came in underlined; both are also said in words for screen readers. */
export function DiffText({ before, after }: { before: string; after: string }) {
  const parts = useMemo(() => wordDiff(before, after), [before, after]);
  if (parts.every(({ kind }) => kind === "same")) return <p class="p-text">{after === "" ? "(empty)" : after}</p>;
  return (
    <p class="p-text">
      {parts.map(({ kind, text }, index) => {
        if (kind === "same") return <span key={index}>{text}</span>;
        const Tag = kind === "removed" ? "del" : "ins";
        return (
          <Tag key={index}>
            <span class="sr-only">{kind === "removed" ? " removed: " : " added: "}</span>
            {text}
          </Tag>
        );
      })}
    </p>
  );
}
