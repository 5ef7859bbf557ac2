import * as v from "valibot";
import { hasNoReservedName, REPEATED_MEMBER, RESERVED_NAMES } from "./setting_schemas.ts";
import type { Setting } from "./settings.ts";

type Issues = readonly v.BaseIssue<unknown>[];

/** Types as they are called in JSON. */
const TYPES: Readonly<Record<string, string>> = { Array: "a list", Object: "an object" };

/** Maximum number of members that an error message names. */
const MAX_NAMED_MEMBERS = 5;

/**
 * What is wrong with the value of a setting, in one sentence or one for each fault within the value.
 * The value is never quoted, since it may be a secret.
 *
 * @param variable the variable that the value comes from
 */
export function settingFaults(
  variable: string,
  { memberFaults, expected }: Setting,
  issues: Issues,
): string[] {
  if (issues.some(({ message }) => message === REPEATED_MEMBER)) {
    return [`${variable} ${REPEATED_MEMBER}`];
  }
  if (issues.some(({ requirement }) => requirement === hasNoReservedName)) {
    const names = RESERVED_NAMES.join(", ");
    return [`${variable} has a member whose name cannot be used: none may be one of ${names}`];
  }
  // Without these, the value is not JSON, and has no members to describe.
  const within = issues.filter(({ type }) => type !== "raw_transform");
  if (memberFaults === "expectations" && within.length > 0) {
    return within.map((issue) =>
      issue.kind === "schema" && !issue.path
        ? `${variable} must be ${expected}`
        : `${variable}${indexedPath(issue)} ${expectation(issue)}`
    );
  }
  if (memberFaults === "messages" && within.length > 0) {
    return within.map((issue) => `${variable}: ${messageWithPath(issue)}`);
  }
  const names = memberFaults === "names" ? memberNames(issues) : "";
  return [`${variable} is not valid${names}; expected ${expected}`];
}

function memberNames(issues: Issues): string {
  const paths = issues.map((issue) => v.getDotPath(issue)).filter((path) => path !== null);
  return paths.length > 0 ? ` at ${paths.slice(0, MAX_NAMED_MEMBERS).join(", ")}` : "";
}

function messageWithPath(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  return path ? `${path} ${issue.message}` : issue.message;
}

function indexedPath({ path }: v.BaseIssue<unknown>): string {
  return (path ?? []).map(({ key }) => typeof key === "number" ? `[${key}]` : `.${key}`).join("");
}

function expectation({ kind, expected, received, message }: v.BaseIssue<unknown>): string {
  if (kind !== "schema") return message;
  if (expected === "never") return "is not known here; is it misspelt?";
  if (received === "undefined") return "is missing";
  return `must be ${TYPES[expected ?? ""] ?? expected}`;
}
