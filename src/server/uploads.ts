import { createReadStream } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { newId } from "../core/ids.ts";
import type { Folders } from "./folders.ts";
import { WireError } from "./live/wire-error.ts";
import { Serial } from "./serial.ts";
import type { Database } from "./store/database.ts";
import { withFile } from "./store/durable-files.ts";

export type TableFormat = "arrow-ipc" | "csv" | "parquet";

export interface UploadRequest {
  readonly name: string;
  readonly format: TableFormat;
  readonly totalBytes: number;
  readonly chunkCount: number;
}

/** A file that has arrived whole. Whoever gets it removes `folder`. */
export interface ArrivedFile {
  readonly name: string;
  readonly format: TableFormat;
  readonly path: string;
  readonly folder: string;
}

export interface ChunkCount {
  readonly received_count: number;
  readonly received_bytes: number;
  readonly total_bytes: number;
}

interface UploadRow extends UploadRequest {
  readonly uploadId: string;
  readonly sessionId: string;
}

const PENDING_PER_SESSION = 16;

/**
 * Tables that arrive in chunks, in any order, straight to disk. Chunks in order are appended to `source`; one that comes early
 * waits in a file of its own until the end. An acknowledged chunk is on disk, so an upload goes on after a restart.
 */
export class Uploads {
  readonly #database: Database;
  readonly #folders: Folders;
  readonly #limitBytes: number;
  readonly #perUpload = new Serial();

  constructor(database: Database, folders: Folders, options: { readonly limitBytes: number }) {
    this.#database = database;
    this.#folders = folders;
    this.#limitBytes = options.limitBytes;
  }

  async begin(sessionId: string, request: UploadRequest): Promise<string> {
    this.checkSize(request.totalBytes);
    const pending = this.#database.sql("SELECT COUNT(*) AS n FROM uploads WHERE session_id = ?").get(sessionId)?.n as number;
    if (pending >= PENDING_PER_SESSION) {
      throw new WireError("too_many", `This session has ${pending} uploads that were never ended. End or cancel one first.`);
    }
    const uploadId = newId("upload");
    await mkdir(this.#folders.upload(uploadId), { recursive: true });
    this.#database
      .sql("INSERT INTO uploads (upload_id, session_id, name, format, total_bytes, chunk_count, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)")
      .run(uploadId, sessionId, request.name, request.format, request.totalBytes, request.chunkCount, Date.now());
    return uploadId;
  }

  /** @param index 1-based. @throws {WireError} `not_found`; `invalid_params` for a repeated, foreign or surplus chunk. */
  chunk(sessionId: string, uploadId: string, index: number, payload: Uint8Array): Promise<ChunkCount> {
    return this.#perUpload.run(uploadId, async () => {
      const upload = this.#get(sessionId, uploadId);
      const received = this.#received(uploadId);
      this.#checkChunk(upload, received, index, payload.length);
      const placed = this.#placed(uploadId);
      const isNext = index === placed.count + 1;
      const folder = this.#folders.upload(uploadId);
      await withFile(join(folder, isNext ? "source" : `${index}.chunk`), "a", async (file) => {
        // A chunk that was written but never acknowledged, because the server died, is written over.
        await file.truncate(isNext ? placed.bytes : 0);
        await file.writeFile(payload);
        await file.datasync();
      });
      this.#database
        .sql("INSERT INTO chunks (upload_id, chunk_index, bytes, is_placed) VALUES (?, ?, ?, ?)")
        .run(uploadId, index, payload.length, isNext ? 1 : 0);
      return { received_count: received.count + 1, received_bytes: received.bytes + payload.length, total_bytes: upload.totalBytes };
    });
  }

  /** Puts the chunks together. The pending upload is gone afterwards, whether or not this succeeds. */
  end(sessionId: string, uploadId: string): Promise<ArrivedFile> {
    return this.#perUpload.run(uploadId, async () => {
      const upload = this.#get(sessionId, uploadId);
      const received = this.#received(uploadId);
      const late = this.#database
        .sql("SELECT chunk_index FROM chunks WHERE upload_id = ? AND is_placed = 0 ORDER BY chunk_index")
        .all(uploadId);
      this.#forget(uploadId);
      const folder = this.#folders.upload(uploadId);
      try {
        if (received.count < upload.chunkCount) {
          const message = `Upload ${uploadId} has ${received.count} of ${upload.chunkCount} chunks. Start again and send all of them.`;
          throw new WireError("invalid_params", message);
        }
        if (received.bytes !== upload.totalBytes) {
          const message = `Upload ${uploadId} has ${received.bytes} bytes but announced ${upload.totalBytes}. Start again.`;
          throw new WireError("invalid_params", message);
        }
        const path = join(folder, "source");
        for (const row of late) await appendFile(path, join(folder, `${String(row.chunk_index)}.chunk`));
        return { name: upload.name, format: upload.format, path, folder };
      } catch (error) {
        await rm(folder, { recursive: true, force: true });
        throw error;
      }
    });
  }

  cancel(sessionId: string, uploadId: string): Promise<boolean> {
    return this.#perUpload.run(uploadId, async () => {
      if (this.#find(sessionId, uploadId) === null) return false;
      this.#forget(uploadId);
      await rm(this.#folders.upload(uploadId), { recursive: true, force: true });
      return true;
    });
  }

  /** A table that came in one frame. */
  async whole(name: string, format: TableFormat, payload: Uint8Array): Promise<ArrivedFile> {
    this.checkSize(payload.length);
    const folder = this.#folders.upload(newId("upload"));
    await mkdir(folder, { recursive: true });
    const path = join(folder, "source");
    await writeFile(path, payload);
    return { name, format, path, folder };
  }

  checkSize(bytes: number): void {
    if (bytes <= this.#limitBytes) return;
    throw new WireError("invalid_params", `The table has ${bytes} bytes; this server takes up to ${this.#limitBytes}.`, {
      limit_bytes: this.#limitBytes,
    });
  }

  dropSession(sessionId: string): void {
    const rows = this.#database.sql("SELECT upload_id FROM uploads WHERE session_id = ?").all(sessionId);
    for (const row of rows) {
      const uploadId = row.upload_id as string;
      this.#forget(uploadId);
      this.#database.afterCommit(() => void rm(this.#folders.upload(uploadId), { recursive: true, force: true }));
    }
  }

  /** Ids of the uploads that are pending: their folders are in use. */
  pendingIds(): Set<string> {
    return new Set(
      this.#database
        .sql("SELECT upload_id FROM uploads")
        .all()
        .map((row) => row.upload_id as string),
    );
  }

  #checkChunk(upload: UploadRow, received: { readonly bytes: number }, index: number, bytes: number): void {
    if (index > upload.chunkCount) {
      throw new WireError("invalid_params", `Chunk ${index} is above the announced number of ${upload.chunkCount} chunks.`);
    }
    const repeated = this.#database.sql("SELECT 1 AS it FROM chunks WHERE upload_id = ? AND chunk_index = ?").get(upload.uploadId, index);
    if (repeated !== undefined) throw new WireError("invalid_params", `Chunk ${index} of upload ${upload.uploadId} has already arrived.`);
    if (received.bytes + bytes > upload.totalBytes) {
      throw new WireError("invalid_params", `With chunk ${index} the upload has more than the announced ${upload.totalBytes} bytes.`);
    }
  }

  #received(uploadId: string): { readonly count: number; readonly bytes: number } {
    const row = this.#database
      .sql("SELECT COUNT(*) AS count, COALESCE(SUM(bytes), 0) AS bytes FROM chunks WHERE upload_id = ?")
      .get(uploadId);
    return { count: row?.count as number, bytes: row?.bytes as number };
  }

  #placed(uploadId: string): { readonly count: number; readonly bytes: number } {
    const row = this.#database
      .sql("SELECT COUNT(*) AS count, COALESCE(SUM(bytes), 0) AS bytes FROM chunks WHERE upload_id = ? AND is_placed = 1")
      .get(uploadId);
    return { count: row?.count as number, bytes: row?.bytes as number };
  }

  #forget(uploadId: string): void {
    this.#database.transaction(() => {
      this.#database.sql("DELETE FROM chunks WHERE upload_id = ?").run(uploadId);
      this.#database.sql("DELETE FROM uploads WHERE upload_id = ?").run(uploadId);
    });
  }

  #find(sessionId: string, uploadId: string): UploadRow | null {
    const row = this.#database.sql("SELECT * FROM uploads WHERE upload_id = ? AND session_id = ?").get(uploadId, sessionId);
    if (row === undefined) return null;
    return {
      uploadId,
      sessionId,
      name: row.name as string,
      format: row.format as TableFormat,
      totalBytes: row.total_bytes as number,
      chunkCount: row.chunk_count as number,
    };
  }

  #get(sessionId: string, uploadId: string): UploadRow {
    const upload = this.#find(sessionId, uploadId);
    if (upload === null) throw new WireError("not_found", `There is no pending upload ${uploadId}. Begin one with data.upload.begin.`);
    return upload;
  }
}

async function appendFile(target: string, source: string): Promise<void> {
  await withFile(target, "a", async (file) => {
    for await (const piece of createReadStream(source)) await file.writeFile(piece as Uint8Array);
  });
  await rm(source);
}
