import { dismissUpload } from "../app/actions.ts";
import { useApp, useStore } from "../app/context.ts";
import { Button, formatBytes, Note, Progress } from "../kit/index.ts";
import type { UploadState } from "../store/state.ts";

/** Files on their way to the server, and those that it could not use. */
export function Uploads() {
  const uploads = useStore((state) => state.uploads);
  if (uploads.length === 0) return null;
  return (
    <ul class="a-uploads" aria-label="Files being opened">
      {uploads.map((upload) => (
        <li key={upload.id}>
          <Upload upload={upload} />
        </li>
      ))}
    </ul>
  );
}

function Upload({ upload }: { upload: UploadState }) {
  const app = useApp();
  const dismiss = (): void => dismissUpload(app, upload.id);
  if (upload.stage === "failed") {
    return (
      <Note
        tone="bad"
        title={`${upload.name} could not be opened.`}
        actions={
          <Button size="small" onClick={dismiss}>
            Close
          </Button>
        }
      >
        {upload.message}
      </Note>
    );
  }
  const isReading = upload.stage === "reading";
  return (
    <div class="a-upload">
      <span class="a-upload-name">{upload.name}</span>
      <Progress
        value={isReading ? null : upload.sentBytes}
        max={upload.totalBytes}
        label={`Opening ${upload.name}`}
        text={isReading ? "Reading columns…" : `${formatBytes(upload.sentBytes)} of ${formatBytes(upload.totalBytes)}`}
      />
      <Button kind="quiet" size="small" onClick={dismiss} aria-label={`Cancel opening ${upload.name}`}>
        Cancel
      </Button>
    </div>
  );
}
