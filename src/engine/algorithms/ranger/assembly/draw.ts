// Which rows a tree learns from.
import { below, uniform } from "./random";
import { getInt, getNumber, State, setInt } from "./state";

/** Draws `size` rows by weight (equal without weights), with replacement; or, without, each row at most once and all equally likely. */
export function drawRows(size: i32, replace: bool): void {
  const rows = State.rows;
  memory.fill(State.drawn, 0, (<usize>rows) << 2);
  if (!replace) {
    // Selection sampling (Knuth, vol. 2, algorithm S).
    let taken = 0;
    for (let row = 0; taken < size; row++) {
      if (uniform() * <f64>(rows - row) >= <f64>(size - taken)) continue;
      setInt(State.drawn, row, 1);
      taken++;
    }
  } else if (State.cumulative === 0) {
    for (let i = 0; i < size; i++) {
      const at = State.drawn + ((<usize>below(rows)) << 2);
      store<i32>(at, load<i32>(at) + 1);
    }
  } else {
    const total = getNumber(State.cumulative, rows - 1);
    for (let i = 0; i < size; i++) {
      const row = rowAt(uniform() * total);
      setInt(State.drawn, row, getInt(State.drawn, row) + 1);
    }
  }
  listDrawn();
}

/** The first row whose running sum is above `point`. */
function rowAt(point: f64): i32 {
  let low = 0;
  let high = State.rows - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (getNumber(State.cumulative, middle) > point) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Lists the rows of `State.drawn`, ascending. */
export function listDrawn(): void {
  let count = 0;
  for (let row = 0; row < State.rows; row++) {
    setInt(State.order, count, row);
    count += getInt(State.drawn, row) > 0 ? 1 : 0;
  }
  State.inBag = count;
}
