import { afterAll, onTestFinished, TestRunner } from "vitest";

/** Calls `clean` after the running test; outside of tests, after the file's tests. What was asked for last is done first. */
export function cleanUp(clean: () => void | Promise<void>): void {
  if (TestRunner.getCurrentTest() === undefined) afterAll(clean);
  else onTestFinished(clean);
}
