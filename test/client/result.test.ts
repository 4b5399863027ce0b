import { expectTypeOf, test } from "vitest";
import type { CurvePoints, ProgressNode, TrainReportSlice } from "../../src/client/index.ts";
import type { NodeReport, PointsReport } from "../../src/engine/train/progress.ts";
import type { TrainResult } from "../../src/engine/train/result.ts";

test("what the engine writes is what the client reads", () => {
  expectTypeOf<TrainResult>().toExtend<TrainReportSlice>();
  expectTypeOf<NodeReport>().toExtend<ProgressNode>();
  expectTypeOf<PointsReport>().toExtend<CurvePoints>();
});
