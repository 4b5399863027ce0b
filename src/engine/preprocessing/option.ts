/** A value of an option as it travels in JSON. */
export type OptionValue =
  | boolean
  | number
  | string
  | null
  | readonly string[]
  | readonly number[]
  | Readonly<Record<string, number>>
  | Readonly<Record<string, readonly string[]>>;

/** What was asked for, by option name; options left out take their defaults. JSON-safe. */
export type PreprocessorConfig = Readonly<Record<string, OptionValue>>;

/**
 * One declaration per option. Validation, `preprocessor.describe`, the form, the command line and the documentation read this and
 * nothing else.
 */
export interface PreprocessorOption {
  /** Name on the wire, e.g. `numeric_cut_n`. */
  readonly name: string;
  /** Short label for forms. */
  readonly title: string;
  /** One or two sentences: what it does, and to which columns. */
  readonly help: string;
  /** Of the value; of each value inside a list or a map. */
  readonly type: "logical" | "integer" | "double" | "character";
  /**
   * Absent: one value. `list`: several. `numbers`: column → number. `levels`: column → list of texts. `settings`: a map of its own
   * with the default's keys.
   */
  readonly holds?: "list" | "numbers" | "levels" | "settings";
  readonly default: OptionValue;
  /** What null means; null is allowed where this is present. */
  readonly automatic?: string;
  /** The option whose value this one takes where it was not given. */
  readonly follows?: string;
  readonly min?: number;
  readonly max?: number;
  readonly minExclusive?: boolean;
  /** Whether 0 is allowed too, although it is below `min`: it switches the step off. */
  readonly zeroIsOff?: boolean;
  readonly choices?: readonly string[];
  readonly level: "basic" | "advanced";
  /** Whether `preprocessor.describe` leaves it out, as version 1 does; `train` takes it all the same. */
  readonly undescribed?: boolean;
}

const common = { level: "advanced" } as const;

/** A switch that is off by default. */
export function flagOption(name: string, title: string, help: string, more: Partial<PreprocessorOption> = {}): PreprocessorOption {
  return { ...common, name, title, help, type: "logical", default: false, ...more };
}
