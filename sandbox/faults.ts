/** Faults: reads them from queries and admin requests, and stores the active one. */

import * as v from "valibot";
import { Refusal } from "./errors.ts";
import { FAULT_SHAPES } from "./fault_shapes.ts";
import { parseScalar } from "./query.ts";

/** The longest delay; longer than every deadline that a client would test. */
const MAX_DELAY_MS = 600_000;

const integerBetween = (name: string, min: number, max: number) => {
  const expected = `expected ${name}, a whole number from ${min} to ${max}`;
  return v.pipe(
    v.number(expected),
    v.integer(expected),
    v.minValue(min, expected),
    v.maxValue(max, expected),
  );
};

const oneOf = <const T extends readonly string[]>(names: T) =>
  v.picklist(names, `expected one of ${names.join(", ")}`);

const entries = {
  /** Status of the response; the request has no effect. */
  status: v.optional(integerBetween("a status", 200, 599)),
  /** Shape of the error body; default `documented`. Without a status it is a 500. */
  shape: v.optional(oneOf(FAULT_SHAPES)),
  /** The error code in the body, for shapes that have one. */
  code: v.optional(v.pipe(v.string("expected text"), v.minLength(1, "expected text"))),
  /** Delay of the response in milliseconds; the request has its effect before the delay. */
  delay_ms: v.optional(integerBetween("milliseconds", 0, MAX_DELAY_MS)),
  /** Reset the connection: without any effect, or after half the response body. */
  reset: v.optional(oneOf(["before_headers", "mid_body"])),
  /** Send the headers and half the body, and keep the connection open. */
  stall: v.optional(v.boolean("expected true or false")),
  /** `Retry-After` of the response, in seconds. */
  retry_after: v.optional(integerBetween("seconds", 0, MAX_DELAY_MS)),
} as const;

/** The fault of one request, from its query parameters `sandbox_status`, `sandbox_shape`, … */
export const Fault = v.strictObject(entries);
/** A value of the {@linkcode Fault} schema. */
export type Fault = v.InferOutput<typeof Fault>;

/** `PUT /sandbox/faults`: a fault for the next `times` requests, by default for all of them. */
export const LimitedFault = v.strictObject({
  ...entries,
  times: v.optional(integerBetween("a number of requests", 1, 1_000_000)),
});
/** A value of the {@linkcode LimitedFault} schema. */
export type LimitedFault = v.InferOutput<typeof LimitedFault>;

const PREFIX = "sandbox_";

/** The fault in a query string, if any. Throws a 400 that names what was expected. */
export function faultInQuery(query: string): Fault | undefined {
  if (!query.includes(PREFIX)) return undefined;
  const asked: Record<string, unknown> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    if (name.startsWith(PREFIX)) asked[name.slice(PREFIX.length)] = valueOf(name, value);
  }
  return Object.keys(asked).length > 0 ? readFault(Fault, asked, PREFIX) : undefined;
}

/** Parses a fault. Throws a 400 that names every invalid member and what was expected. */
export function readFault<S extends v.GenericSchema & { readonly entries: object }>(
  schema: S,
  input: unknown,
  prefix = "",
): v.InferOutput<S> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const problems = result.issues.map((issue) =>
    explain(issue, Object.keys(schema.entries).map((name) => prefix + name), prefix)
  );
  throw new Refusal("syntax_invalid_parameter_format", `${problems.join("; ")}.`);
}

function explain(issue: v.BaseIssue<unknown>, names: readonly string[], prefix: string): string {
  const known = names.join(", ");
  const path = v.getDotPath(issue);
  if (path === null) return `expected an object with members of ${known}`;
  const unknown = issue.expected === "never";
  return `${prefix}${path}: ${unknown ? `unknown, known are ${known}` : issue.message}`;
}

function valueOf(name: string, value: string): unknown {
  return name === `${PREFIX}code` ? value : parseScalar(value);
}
