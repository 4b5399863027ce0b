import { HELD_OUT, HELD_OUT_FIELDS, type HeldOutMap, type HeldOutName } from "../../engine/train/held-out-names.ts";
import type { TableShape } from "../../engine/train/shape.ts";
import type { DataHandles } from "../data-handles.ts";
import type { Params } from "../live/params.ts";
import { WireError } from "../live/wire-error.ts";

/** Data handles given beside the training table. */
export type HeldOutHandles = HeldOutMap<string>;

/** One such table as a job remembers it. */
export interface StoredHeldOut {
  readonly data_handle: string;
  readonly name: string;
  readonly fingerprint: string;
  readonly rows: number;
  readonly columns: readonly string[];
}

/** `validation_handle` and `test_handle` of a request. */
export function heldOutHandles(params: Params): HeldOutHandles {
  return mapped((name) => params.optionalString(HELD_OUT_FIELDS[name]) ?? undefined);
}

/** `make` of both tables; those without a value are left out. */
export function mapped<Value>(make: (name: HeldOutName) => Value | undefined): HeldOutMap<Value> {
  return Object.fromEntries(HELD_OUT.flatMap((name) => [[name, make(name)] as const]).filter(([, value]) => value !== undefined));
}

/**
 * Shapes of the tables. @throws {WireError} `not_found` for a handle that the session does not have; `invalid_params` when two of
 * the tables hold the same data, because then rows would judge what they taught.
 */
export async function heldOutShapes(
  data: DataHandles,
  sessionId: string,
  dataHandle: string,
  handles: HeldOutHandles,
): Promise<HeldOutMap<TableShape>> {
  const seen = new Map([[data.fingerprint(sessionId, dataHandle), "data_handle"]]);
  const shapes: Partial<Record<HeldOutName, TableShape>> = {};
  for (const name of HELD_OUT) {
    const handle = handles[name];
    if (handle === undefined) continue;
    shapes[name] = await data.shape(sessionId, handle);
    const fingerprint = data.fingerprint(sessionId, handle);
    const field = HELD_OUT_FIELDS[name];
    const twin = seen.get(fingerprint);
    if (twin !== undefined) {
      const message = `${field} holds the same table as ${twin}. Rows can judge only what they did not teach; give another table.`;
      throw new WireError("invalid_params", message, { problems: [{ path: field, message }] });
    }
    seen.set(fingerprint, field);
  }
  return shapes;
}
