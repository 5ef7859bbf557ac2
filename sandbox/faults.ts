/** Faults on demand: which one a request is to meet, by its query string or by the admin. */

import * as v from "valibot";
import { Refusal } from "./errors.ts";
import { FAULT_SHAPES } from "./fault_shapes.ts";
import { typed } from "./query.ts";

/** Longest delay: more than any deadline worth testing. */
const MAX_DELAY_MS = 600_000;

const whole = (name: string, min: number, max: number) => {
  const expected = `expected ${name}, a whole number from ${min} to ${max}`;
  return v.pipe(
    v.number(expected),
    v.integer(expected),
    v.minValue(min, expected),
    v.maxValue(max, expected),
  );
};

const choice = <const T extends readonly string[]>(names: T) =>
  v.picklist(names, `expected one of ${names.join(", ")}`);

const entries = {
  /** Answer with this status, before anything changes. */
  status: v.optional(whole("a status", 200, 599)),
  /** The shape of that answer; default `documented`, and a status of 500. */
  shape: v.optional(choice(FAULT_SHAPES)),
  /** The code inside it, where the shape has one. */
  code: v.optional(v.pipe(v.string("expected text"), v.minLength(1, "expected text"))),
  /** Wait, in milliseconds, after the request has had its effect. */
  delay_ms: v.optional(whole("milliseconds", 0, MAX_DELAY_MS)),
  /** Reset the connection: before anything changes, or in the middle of the answer. */
  reset: v.optional(choice(["before_headers", "mid_body"])),
  /** Send the headers and half the body, then nothing. */
  stall: v.optional(v.boolean("expected true or false")),
  /** `Retry-After` of the answer, in seconds. */
  retry_after: v.optional(whole("seconds", 0, MAX_DELAY_MS)),
} as const;

/** What a request may ask for in its query, as `sandbox_status`, `sandbox_shape`, … */
export const Fault = v.strictObject(entries);
export type Fault = v.InferOutput<typeof Fault>;

/** `PUT /sandbox/faults`: a fault for the next `times` requests, by default for all. */
export const StandingFault = v.strictObject({
  ...entries,
  times: v.optional(whole("a number of requests", 1, 1_000_000)),
});
export type StandingFault = v.InferOutput<typeof StandingFault>;

/** The fault that stands for all requests, as the admin route sets it. */
export class FaultSwitch {
  #standing: StandingFault | undefined;

  get standing(): StandingFault | undefined {
    return this.#standing;
  }

  set(fault: StandingFault): void {
    this.#standing = fault;
  }

  clear(): void {
    this.#standing = undefined;
  }

  /** The fault for one more request, if one stands. */
  take(): Fault | undefined {
    if (!this.#standing) return undefined;
    const { times, ...fault } = this.#standing;
    if (times !== undefined) {
      this.#standing = times > 1 ? { ...fault, times: times - 1 } : undefined;
    }
    return fault;
  }
}

const PREFIX = "sandbox_";

/** The fault that a query string asks for. Throws a 400 that names what was expected. */
export function faultInQuery(query: string): Fault | undefined {
  if (!query.includes(PREFIX)) return undefined;
  const asked: Record<string, unknown> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    if (name.startsWith(PREFIX)) asked[name.slice(PREFIX.length)] = valueOf(name, value);
  }
  return Object.keys(asked).length > 0 ? readFault(Fault, asked, PREFIX) : undefined;
}

/** `input` as a fault. Throws a 400 that names every wrong member and what was expected. */
export function readFault<S extends v.GenericSchema>(
  schema: S,
  input: unknown,
  prefix = "",
): v.InferOutput<S> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const faults = result.issues.map((issue) => explain(issue, prefix));
  throw new Refusal("syntax_invalid_parameter_format", `${faults.join("; ")}.`);
}

function explain(issue: v.BaseIssue<unknown>, prefix: string): string {
  const known = Object.keys(entries).map((name) => prefix + name).join(", ");
  const path = v.getDotPath(issue);
  if (path === null) return `expected an object with members of ${known}`;
  const unknown = issue.expected === "never";
  return `${prefix}${path}: ${unknown ? `unknown, known are ${known}` : issue.message}`;
}

function valueOf(name: string, value: string): unknown {
  return name === `${PREFIX}code` ? value : typed(value);
}
