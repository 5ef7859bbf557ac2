/** A pure function that keeps its last answer, for arguments that seldom change. */
export function rememberLast<Argument, Answer>(
  answerOf: (argument: Argument) => Answer,
): (argument: Argument) => Answer {
  let last: { argument: Argument; answer: Answer } | undefined;
  return (argument) => {
    if (last === undefined || last.argument !== argument) {
      last = { argument, answer: answerOf(argument) };
    }
    return last.answer;
  };
}
