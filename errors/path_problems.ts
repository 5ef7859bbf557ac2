/** What is wrong with a path that is not one of the API; usually the client's base URL. */
export type PathProblem = keyof typeof PATH_PROBLEMS;

/** Descriptions for the errors page. On log lines the key is the value of `path_problem`. */
export const PATH_PROBLEMS = {
  repeated_slash: {
    meaning: "The path has two slashes in a row, such as //xms/v1/…",
    help: "Remove the slash at the end of the base URL in the client's settings.",
  },
  trailing_slash: {
    meaning: "The path has a slash at its end.",
    help: "Remove it: no path of the API ends with one.",
  },
  repeated_prefix: {
    meaning: "The path has the prefix /xms/v1 twice.",
    help: "Set the base URL in the client's settings without /xms/v1: the client adds it.",
  },
  missing_prefix: {
    meaning: "The path lacks the prefix /xms/v1.",
    help: "Begin the path with /xms/v1, as that of the SMS API does.",
  },
} as const satisfies Record<string, { meaning: string; help: string }>;

/** The section of a problem on the errors page. */
export function pathProblemAnchor(problem: PathProblem): string {
  return `path-${problem.replaceAll("_", "-")}`;
}
