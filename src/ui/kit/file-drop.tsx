import type { ComponentChildren } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { Button } from "./button.tsx";
import { classNames } from "./class-names.ts";

export interface FileDropProps {
  readonly onFiles: (files: readonly File[]) => void;
  /** As the `accept` of a file input, e.g. `.csv,.parquet`. */
  readonly accept?: string | undefined;
  readonly multiple?: boolean;
  readonly disabled?: boolean | undefined;
  /** Text of the button. */
  readonly action?: string;
  readonly compact?: boolean;
  readonly children?: ComponentChildren;
}

/** Somewhere to drop files, with a button that does the same. */
export function FileDrop({ onFiles, accept, multiple = false, disabled, action = "Open a file…", compact, children }: FileDropProps) {
  const [over, setOver] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const inputId = useId();
  const give = (list: FileList | null | undefined) => {
    const files = [...(list ?? [])];
    if (files.length > 0 && !disabled) onFiles(multiple ? files : files.slice(0, 1));
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is an extra; the button inside does the same by keyboard
    <div
      class={classNames("k-drop", over > 0 && !disabled && "is-over", compact && "is-compact")}
      onDragEnter={(event) => {
        event.preventDefault();
        setOver((n) => n + 1);
      }}
      onDragOver={(event) => event.preventDefault()}
      onDragLeave={() => setOver((n) => Math.max(0, n - 1))}
      onDrop={(event) => {
        event.preventDefault();
        setOver(0);
        give(event.dataTransfer?.files);
      }}
    >
      <div class="k-drop-text">{children}</div>
      <Button icon="upload" disabled={disabled} onClick={() => input.current?.click()}>
        {action}
      </Button>
      <label class="sr-only" for={inputId}>
        File to open
      </label>
      <input
        id={inputId}
        ref={input}
        class="sr-only"
        type="file"
        tabIndex={-1}
        accept={accept}
        multiple={multiple}
        disabled={disabled ?? false}
        onChange={(event) => {
          give(event.currentTarget.files);
          event.currentTarget.value = "";
        }}
      />
    </div>
  );
}
