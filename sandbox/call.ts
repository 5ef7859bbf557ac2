/** The request and the result of an operation, without the HTTP framework. */

import * as v from "valibot";
import { NotFound, Refusal } from "./errors.ts";
import type { Settings } from "./options.ts";
import type { Plan } from "./plan.ts";
import type { Batch } from "./resources.ts";
import { readParameters } from "./query.ts";

/** An authenticated request. */
export interface Call {
  readonly plan: Plan;
  readonly settings: Settings;
  /** Told of every new, changed or canceled batch. */
  readonly onBatch: (plan: Plan, batch: Batch) => void;
  /** Path parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The JSON body of a POST or PUT. */
  readonly body: unknown;
  /** Length of the body in bytes. */
  readonly bodyBytes: number;
}

/** The result of an operation. */
export interface Reply {
  readonly status: number;
  /** Sent as JSON; undefined for a response without a body. */
  readonly body?: unknown;
}

type Schema = v.GenericSchema<unknown, unknown>;

/** The request body, parsed by `schema`. Throws a 400 that names the first invalid member. */
export function readBody<S extends Schema>(call: Call, schema: S): v.InferOutput<S> {
  const result = v.safeParse(schema, call.body, { abortEarly: true });
  if (result.success) return result.output;
  throw refusalOf(result.issues[0], "Field");
}

/** The query, parsed by `schema`. Throws a 400 that names the first invalid parameter. */
export function readQuery<S extends Schema>(call: Call, schema: S): v.InferOutput<S> {
  const result = v.safeParse(schema, readParameters(call.query), { abortEarly: true });
  if (result.success) return result.output;
  throw refusalOf(result.issues[0], "Query parameter");
}

/** The path parameter `name`. Throws if the route table has no such parameter. */
export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`no path parameter ${name}`);
  return value;
}

/** `value`. Throws a 404 if it is undefined. */
export function orNotFound<T>(value: T | undefined): T {
  if (value === undefined) throw new NotFound();
  return value;
}

/** Valibot actions that check a format; the others check a constraint. */
const FORMATS: ReadonlySet<string> = new Set(["regex", "url", "base64"]);

/** Valibot schemas of enumerated values: another value violates a constraint, not a type. */
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
