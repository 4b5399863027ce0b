import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Files below `folder` whose path (with forward slashes) the predicate accepts, sorted. */
export function globSync(folder, accepts) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((path) => accepts(path.replaceAll("\\", "/")))
    .sort();
}
