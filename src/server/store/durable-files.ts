import { type FileHandle, open, readdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Writes a whole file so that a crash leaves the old one or the new one, and returns when it is on disk. */
export async function writeFileDurably(path: string, bytes: Uint8Array | string): Promise<void> {
  const draft = `${path}.draft`;
  await withFile(draft, "w", async (file) => {
    await file.writeFile(bytes);
    await file.sync();
  });
  await rename(draft, path);
  await syncFolder(dirname(path));
}

/** Puts every file directly in `folder`, the folder itself, and its entry in the parent on disk. */
export async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isFile()) await withFile(join(folder, entry.name), "r+", (file) => file.sync());
  }
  await syncFolder(folder);
  await syncFolder(dirname(folder));
}

/** Puts a folder's list of entries on disk. Windows has no such call and does not need it. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  await withFile(folder, "r", (file) => file.sync());
}

/** Opens a file, hands it to `work`, and closes it whatever happens. */
export async function withFile<Result>(path: string, flags: string, work: (file: FileHandle) => Promise<Result>): Promise<Result> {
  const file = await open(path, flags, 0o600);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}
