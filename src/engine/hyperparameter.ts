/** A value as it travels in JSON. `null` means automatic: the algorithm decides, as `note` says. */
export type HyperparameterValue = number | string | boolean | null | readonly number[];
export type Hyperparameters = Readonly<Record<string, HyperparameterValue>>;

/**
 * One declaration per hyperparameter. Validation, the describe methods, the form, the command line and the documentation
 * all read this and nothing else.
 */
export interface HyperparameterSchema {
  /** Name on the wire, in the catalogue's spelling, e.g. `learning_rate`. */
  readonly name: string;
  /** Short label for forms, sentence case, e.g. `Learning rate`. */
  readonly title: string;
  /** One or two sentences: what it does and which way to turn it. */
  readonly help: string;
  readonly type: "double" | "integer" | "logical" | "character" | "doubles";
  readonly default: HyperparameterValue;
  /** Whether null is allowed, and what the algorithm then does. */
  readonly automatic?: string;
  readonly min?: number;
  readonly max?: number;
  /** Bounds are excluded when true. */
  readonly minExclusive?: boolean;
  readonly maxExclusive?: boolean;
  /** Allowed values of an enumerated parameter; the default is one of them. */
  readonly choices?: readonly string[];
  readonly tunable: boolean;
  /** Basic ones show at once (3–8 per algorithm); the rest behind "all". */
  readonly level: "basic" | "advanced";
  /** Candidates that the form offers when tuning is switched on. */
  readonly suggest?: readonly (number | string | boolean)[];
  /** Whether a range of it is naturally logarithmic. */
  readonly log?: boolean;
  /** The tasks it applies to; absent means all. */
  readonly tasks?: readonly ("binary" | "multiclass" | "regression")[];
}
