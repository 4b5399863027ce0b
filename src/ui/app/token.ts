/** A place that keeps short texts, as `localStorage` does. Writing may be refused. */
export interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const KEY = "trainyard.token";

/**
 * The token from the address' fragment, else the one kept from before. It is kept twice: in the tab, so that a reload works
 * even where the browser keeps nothing else, and per origin, so that a second tab and a bookmark without token work. The
 * origin is a port on this machine; a token that an earlier server left there is refused and replaced.
 */
export function takeToken(fragment: string, tab: Shelf, origin: Shelf): string | null {
  const given = new URLSearchParams(fragment.replace(/^#/, "")).get("token");
  if (given !== null && given !== "") {
    keepToken(given, tab, origin);
    return given;
  }
  return read(tab) ?? read(origin);
}

export function keepToken(token: string, tab: Shelf, origin: Shelf): void {
  for (const shelf of [tab, origin]) {
    try {
      shelf.setItem(KEY, token);
    } catch {
      // Private windows may refuse; the page works until it is closed.
    }
  }
}

function read(shelf: Shelf): string | null {
  try {
    return shelf.getItem(KEY);
  } catch {
    return null;
  }
}
