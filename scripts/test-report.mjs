// Turns vitest's JSON results into what `npm test` says at the end.

/**
 * Counts of a test run. A file that cannot be loaded counts as one failed test. `strict` (CI) makes skipped tests failed ones.
 *
 * @param results vitest's JSON report, or null when there is none.
 * @param status  vitest's exit status.
 * @returns `problems` names everything that a reader must know beyond vitest's own report.
 */
export function summarizeTests(results, status, { strict = false } = {}) {
  const problems = [];
  if (results === null) {
    return { passed: 0, failed: 1, skipped: 0, problems: [`vitest ended with status ${status} and wrote no results`] };
  }
  const tests = results.testResults.flatMap((file) => file.assertionResults.map((test) => ({ ...test, file: file.name })));
  const withStatus = (...states) => tests.filter((test) => states.includes(test.status));
  const broken = results.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  for (const file of broken) problems.push(`could not be run: ${file.name}`);
  const skips = withStatus("pending", "skipped", "todo", "disabled");
  let failed = withStatus("failed").length + broken.length;
  const passed = withStatus("passed").length;
  if (strict) {
    for (const test of skips) problems.push(`skipped, which is a failure when CI=true: ${test.file} > ${test.fullName}`);
    failed += skips.length;
  }
  if (tests.length === 0 && failed === 0) {
    problems.push("no test was run");
    failed = 1;
  }
  if (status !== 0 && failed === 0) {
    problems.push(`vitest ended with status ${status} although no test failed; see the errors above`);
    failed = 1;
  }
  return { passed, failed, skipped: strict ? 0 : skips.length, problems };
}

/** The closing line: `12 passed, 0 failed`, with `, 3 skipped` when there are. */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
