import { userInfo } from "node:os";
import { toSlug } from "./project-rows.ts";

/**
 * Slugs under which projects of prompt training may be made: the user's own name, `local`, and those that TRAINYARD_ORGANISATIONS lists
 * with commas.
 */
export function namespacesOf(env: Readonly<Record<string, string | undefined>>): string[] {
  const organisations = (env.TRAINYARD_ORGANISATIONS ?? "").split(",").map(toSlug);
  return [...new Set([toSlug(userName()), "local", ...organisations])].filter((slug) => slug !== "");
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return ""; // a user without an entry, as in some containers
  }
}
