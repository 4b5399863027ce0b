// npm run agreement:engine [-- NAME…]: runs the learners on the fixtures of test/fixtures, which R, scikit-learn and LightGBM wrote, and prints
// per learner what was compared, the largest difference and the tolerance. Status 1 when one is above it. It reads files only: no peer is needed.
import { ALGORITHMS } from "../dist/engine/algorithms/registry.js";
import * as linear from "./agreement/linear.mjs";
import * as trees from "./agreement/trees.mjs";
import { printTable } from "./text-table.mjs";

const CHECKS = {
  ...{ GLM: linear.glm, GLMNET: linear.glmnet, GAM: linear.gam, LinearSVM: linear.linearSvm, RadialSVM: linear.radialSvm },
  ...{ KNN: linear.knn, Isotonic: linear.isotonic, NNLS: linear.nnls, SuperLearner: linear.superLearner },
  ...{
    CART: trees.cart,
    Ranger: trees.ranger,
    LightCART: trees.lightCart,
    LightRF: trees.lightRf,
    LightGBM: trees.lightGbm,
    MLP: trees.mlp,
  },
};

/** Per thing compared, the case that used up most of its tolerance, and the number of cases. */
function worstOf(check) {
  const found = new Map();
  for (const line of check()) {
    const share = line.tolerance === 0 ? (line.difference === 0 ? 0 : Number.POSITIVE_INFINITY) : line.difference / line.tolerance;
    const before = found.get(line.what) ?? { share: -1, cases: 0 };
    found.set(line.what, { ...(share > before.share ? { ...line, share } : before), cases: before.cases + 1 });
  }
  return [...found.values()];
}

const figure = (value) => (value !== 0 && value < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3))));
const asked = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
const names = ALGORITHMS.map(({ name }) => name);
const unknown = asked.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`no algorithm is called ${unknown.join(", ")}; there are: ${names.join(", ")}`);
  process.exit(2);
}
let failed = 0;
for (const name of asked.length === 0 ? names : asked) {
  console.log(`\n${name}`);
  const check = CHECKS[name];
  if (check === undefined) {
    console.log("  no fixture of another program");
    continue;
  }
  const worst = worstOf(check);
  failed += worst.filter(({ share }) => !(share <= 1)).length;
  printTable(
    ["what", "peer", "cases", "largest difference", "tolerance", ""],
    worst.map((line) => [
      line.what,
      line.peer,
      String(line.cases),
      figure(line.difference),
      figure(line.tolerance),
      line.share <= 1 ? "agrees" : "DIFFERS",
    ]),
  );
}
if (failed > 0) console.error(`\n${failed} comparisons are above their tolerance`);
process.exitCode = failed === 0 ? 0 : 1;
