let offDepth = 0;

/** Whether operations record a graph right now. On unless code runs inside `noGrad`. */
export function isGradEnabled(): boolean {
  return offDepth === 0;
}

/**
 * Runs `work` with recording off: results require no gradient and have no node. Calls nest. When `work` is asynchronous, recording
 * stays off until its promise settles, also for other code of this thread; an operation's own `gradEnabled` option goes before it.
 */
export function noGrad<Result>(work: () => Result): Result {
  offDepth++;
  let isAsync = false;
  try {
    const result = work();
    if (result instanceof Promise) {
      isAsync = true;
      return result.finally(() => offDepth--) as Result;
    }
    return result;
  } finally {
    if (!isAsync) offDepth--;
  }
}
