/** What a launcher knows about the profile that daemons are to join. */
export interface LaunchContext {
  readonly url: string;
  readonly token: string;
  /** How many daemons to start. */
  readonly n: number;
}

/** One thing that a launcher does. It starts `daemons` daemons. */
export interface Launch {
  readonly daemons: number;
  /** For people, and for a shell: what is done. It holds the join token. */
  readonly text: string;
  /** A program and its words; null for a launch that is no program. */
  readonly argv: readonly string[] | null;
  /** What the program reads. */
  readonly stdin?: string;
  /** Beside this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** `submit`: the program hands over and ends; `stay`: it lives as long as the daemon. */
  readonly mode: "submit" | "stay";
  /** For launches that are no program. @returns what was answered. */
  readonly run?: () => Promise<string>;
}

/** A way to start daemons. Made by `launchers.…`; a program may bring its own. */
export interface Launcher {
  readonly name: string;
  /** How many daemons it starts when nobody says. */
  readonly count: number;
  /** What is to be done. Pure, but for functions that a user gave for fresh credentials. @throws {InvalidArgumentError}. */
  launches(context: LaunchContext): readonly Launch[] | Promise<readonly Launch[]>;
}

/** What became of a launch. */
export interface Launched {
  readonly launcher: string;
  /** The command, as a line for a shell. It holds the join token. */
  readonly command: string;
  /** False after a dry run. */
  readonly hasRun: boolean;
  /** What a program that hands over wrote, or a server answered. */
  readonly output: string;
  readonly pid: number | null;
}
