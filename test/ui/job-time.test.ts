import { expect, test } from "vitest";
import { jobTime } from "../../src/ui/view/jobs/job-table.tsx";

test("a job's time claims no more than its stamps know, which are whole seconds", () => {
  expect([null, 0, 0.4, 1, 2.4, 9.6, 44, 200].map(jobTime)).toEqual([
    "–",
    "under 1 s",
    "under 1 s",
    "1 s",
    "2 s",
    "10 s",
    "44 s",
    "3 min 20 s",
  ]);
});
