/** Memoizes the last result of a pure function, for arguments that seldom change. */
export function memoizeLast<Argument, Result>(
  compute: (argument: Argument) => Result,
): (argument: Argument) => Result {
  let last: { argument: Argument; result: Result } | undefined;
  return (argument) => {
    if (last === undefined || last.argument !== argument) {
      last = { argument, result: compute(argument) };
    }
    return last.result;
  };
}
