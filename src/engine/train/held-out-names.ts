/**
 * The tables that may be given beside the training table; their rows are never trained on. `validation` is watched while a model is fitted, and
 * tells when to stop where a learner stops early; `test` judges the final model and decides nothing.
 */
export const HELD_OUT = ["validation", "test"] as const;
export type HeldOutName = (typeof HELD_OUT)[number];

/** Whatever there is for each of them. */
export type HeldOutMap<Value> = Readonly<Partial<Record<HeldOutName, Value>>>;

/** Names of the fields that give the tables, which faults are reported under. */
export const HELD_OUT_FIELDS: Readonly<Record<HeldOutName, string>> = { validation: "validation_handle", test: "test_handle" };
