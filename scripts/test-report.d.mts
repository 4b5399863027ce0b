export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The part of vitest's JSON report that is read. */
export interface TestResults {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

export function summarizeTests(
  results: TestResults | null,
  status: number | string | null,
  options?: { readonly strict?: boolean },
): TestCounts & { readonly problems: readonly string[] };
export function closingLine(counts: TestCounts): string;
