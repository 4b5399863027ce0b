import { defineConfig } from "vitest/config";

/** Files that start servers, daemons or browsers and wait for them: one at a time, after the others, so that nothing else takes their time. */
const ALONE = [
  "test/e2e/**/*.test.ts",
  "test/cli/**/*.test.ts",
  "test/tasks/**/*.test.ts",
  "test/server/{stress,daemon-death,tellurio-*,training-*}.test.ts",
];

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    allowOnly: false,
    pool: "forks",
    projects: [
      {
        extends: true,
        test: { name: "together", include: ["test/**/*.test.{ts,tsx}"], exclude: ALONE, maxWorkers: 2, sequence: { groupOrder: 0 } },
      },
      { extends: true, test: { name: "alone", include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
