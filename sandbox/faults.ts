/** Faults on demand: which one a request is to meet, by its query string or by the admin. */

import * as v from "valibot";
import { Refusal } from "./errors.ts";
import { FAULT_SHAPES } from "./fault_shapes.ts";

/** Longest delay: more than any deadline worth testing. */
const MAX_DELAY_MS = 600_000;

const entries = {
  /** Answer with this status, before anything changes. */
  status: v.optional(v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599))),
  /** The shape of that answer; default `documented`, and a status of 500. */
  shape: v.optional(v.picklist(FAULT_SHAPES)),
  /** The code inside it, where the shape has one. */
  code: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(200))),
  /** Wait, in milliseconds, after the request has had its effect. */
  delay_ms: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_DELAY_MS))),
  /** Reset the connection: before anything changes, or in the middle of the answer. */
  reset: v.optional(v.picklist(["before_headers", "mid_body"])),
  /** Send the headers and half the body, then nothing. */
  stall: v.optional(v.boolean()),
  /** `Retry-After` of the answer, in seconds. */
  retry_after: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
} as const;

/** What a request may ask for in its query, as `sandbox_status`, `sandbox_shape`, … */
export const Fault = v.strictObject(entries);
export type Fault = v.InferOutput<typeof Fault>;

/** `PUT /sandbox/faults`: a fault for the next `times` requests, by default for all. */
export const StandingFault = v.strictObject({
  ...entries,
  times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
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
    if (name.startsWith(PREFIX)) asked[name.slice(PREFIX.length)] = typed(name, value);
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
  const faults = result.issues.map((issue) => `${prefix}${v.getDotPath(issue)}: ${explain(issue)}`);
  throw new Refusal("syntax_invalid_parameter_format", faults.join("; ") + ".");
}

function explain(issue: v.BaseIssue<unknown>): string {
  if (issue.expected === "never") return `unknown; known are ${Object.keys(entries).join(", ")}`;
  return issue.message;
}

function typed(name: string, value: string): unknown {
  if (name === `${PREFIX}code`) return value;
  if (/^-?\d{1,15}$/.test(value)) return Number(value);
  return value === "true" ? true : value === "false" ? false : value;
}
