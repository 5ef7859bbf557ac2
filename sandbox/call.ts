/** One request as the operations see it, and what they may answer: no HTTP framework. */

import * as v from "valibot";
import { NotFound, Refusal } from "./errors.ts";
import type { World } from "./options.ts";
import type { Plan } from "./plan.ts";
import { parametersOf } from "./query.ts";

export interface Call {
  readonly plan: Plan;
  readonly world: World;
  /** Path parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The JSON body of a POST or PUT. */
  readonly body: unknown;
  /** Length of that body in bytes: what remembering it costs. */
  readonly bodyBytes: number;
}

export interface Reply {
  readonly status: number;
  /** Written as JSON; without it the answer has no body. */
  readonly body?: unknown;
}

type Schema = v.GenericSchema<unknown, unknown>;

/** The request body, checked. Throws a 400 that names the member that is wrong. */
export function readBody<S extends Schema>(call: Call, schema: S): v.InferOutput<S> {
  const result = v.safeParse(schema, call.body, { abortEarly: true });
  if (result.success) return result.output;
  throw refusalOf(result.issues[0], "Field");
}

/** The query parameters, checked. Throws a 400 that names the parameter that is wrong. */
export function readQuery<S extends Schema>(call: Call, schema: S): v.InferOutput<S> {
  const result = v.safeParse(schema, parametersOf(call.query), { abortEarly: true });
  if (result.success) return result.output;
  throw refusalOf(result.issues[0], "Query parameter");
}

/** The path parameter `name`; a route that lacks it is a mistake in the route table. */
export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`no path parameter ${name}`);
  return value;
}

/** `value`, or a 404 if there is none. */
export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new NotFound();
  return value;
}

/** Checks whose failure means a badly formed value; all others are broken constraints. */
const FORMATS: ReadonlySet<string> = new Set(["regex", "url", "base64"]);

/** Schemas that list the values allowed: another one is a constraint, not a wrong type. */
const CHOICES: ReadonlySet<string> = new Set(["picklist", "literal"]);

function refusalOf(issue: v.BaseIssue<unknown>, what: string): Refusal {
  const path = v.getDotPath(issue);
  const field = path === null ? "The request body" : `${what} "${path}"`;
  if (issue.kind === "validation") {
    const code = FORMATS.has(issue.type)
      ? "syntax_invalid_parameter_format"
      : "syntax_constraint_violation";
    return new Refusal(code, `${field}: ${issue.message}.`);
  }
  if (issue.received === "undefined") {
    return new Refusal("syntax_constraint_violation", `${field} is required.`);
  }
  if (CHOICES.has(issue.type)) {
    return new Refusal("syntax_constraint_violation", `${field} must be ${issue.expected}.`);
  }
  const code = what === "Field" ? "syntax_invalid_json" : "syntax_invalid_parameter_format";
  return new Refusal(code, `${field} must be of type ${issue.expected}.`);
}
