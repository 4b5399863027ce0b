/** Beyond so many objects a value is copied by the platform as a whole: looking for memory to move would cost more than it saves. */
const MOST_OBJECTS = 10_000;

/** Every ArrayBuffer in a value, once each; none when the value is large and plain. Cost: O(objects), at most 10,000. */
export function buffersOf(value: unknown): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  const seen = new Set<object>();
  const left: unknown[] = [value];
  for (let next = left.pop(); left.length > 0 || next !== undefined; next = left.pop()) {
    if (typeof next !== "object" || next === null || seen.has(next)) continue;
    if (seen.add(next).size > MOST_OBJECTS) return [];
    if (next instanceof ArrayBuffer) found.add(next);
    else if (ArrayBuffer.isView(next)) {
      if (next.buffer instanceof ArrayBuffer) found.add(next.buffer);
    } else left.push(...membersOf(next));
  }
  return [...found];
}

function membersOf(value: object): unknown[] {
  if (Array.isArray(value)) return value.length > MOST_OBJECTS ? [] : value.filter((member) => typeof member === "object");
  if (value instanceof Map) return [...value.keys(), ...value.values()];
  if (value instanceof Set) return [...value];
  return Object.values(value);
}
