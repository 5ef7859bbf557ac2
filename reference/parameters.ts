import { MAX_IDENTIFIER_LENGTH, type Operation, SEGMENTS } from "../operations.ts";
import { inlineSchema, type JsonSchema } from "./json_schema.ts";
import type { OperationNotes } from "./operations.ts";

/** What the reference says of each path parameter. */
const SEGMENT_NOTES: Readonly<
  Record<keyof typeof SEGMENTS, { description: string; example: string; pattern: string }>
> = {
  service_plan_id: {
    description: "Your service plan; your token must name it.",
    example: "your-plan",
    pattern: anchored(SEGMENTS.service_plan_id),
  },
  batch_id: {
    description: "The `id` of a batch.",
    example: "01FC66621VHDBN119Z8PMV1QPQ",
    pattern: anchored(SEGMENTS.batch_id),
  },
  group_id: {
    description: "The `id` of a group.",
    example: "01FC66621VHDBN119Z8PMV1QPU",
    pattern: anchored(SEGMENTS.group_id),
  },
  inbound_id: {
    description: "The `id` of an inbound message.",
    example: "01FC66621VHDBN119Z8PMV1QPI",
    pattern: anchored(SEGMENTS.inbound_id),
  },
  recipient_msisdn: {
    description: "Phone number of a recipient.",
    example: "46701234567",
    // The decoded form; the route table also accepts `%2B`.
    pattern: `^\\+?[0-9]{1,${MAX_IDENTIFIER_LENGTH}}$`,
  },
};

/** Components: all path parameters and header parameters. */
export const PARAMETERS: Readonly<Record<string, object>> = {
  ...Object.fromEntries(
    Object.entries(SEGMENT_NOTES).map(([name, { description, example, pattern }]) => [name, {
      name,
      in: "path",
      required: true,
      description,
      schema: { type: "string", pattern },
      example,
    }]),
  ),
  "X-Request-Id": {
    name: "X-Request-Id",
    in: "header",
    description:
      "Your id of this request: 1 to 128 of `A-Z a-z 0-9 _ -`. Any other value is replaced by a new id.",
    schema: { type: "string" },
    example: "order-17-attempt-1",
  },
  "Idempotency-Key": {
    name: "Idempotency-Key",
    in: "header",
    description:
      "Makes the request safe to repeat: with the same key and the same bytes it is sent once, and a repeat gets the answer of the first. 1 to 255 printable ASCII characters, plain or in double quotes; use a new UUID for each message and keep it with the message.",
    schema: {
      type: "string",
      minLength: 1,
      maxLength: 255,
      // Bare, or as a string of RFC 9651; without spaces at the ends, which HTTP removes.
      pattern: String.raw`^([!#-~]([ -~]*[!-~])?|"([ !#-\[\]-~]|\\["\\])+")$`,
    },
    example: "8e03978e-40d5-43e8-bc93-6894a57f9324",
  },
  traceparent: {
    name: "traceparent",
    in: "header",
    description: "The trace that this request belongs to (W3C Trace Context).",
    schema: { type: "string" },
    example: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  },
};

/** References to the parameters in a path template. */
export function pathParameters(path: string): object[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => parameterRef(name ?? ""));
}

/** References to the header parameters of an operation. */
export function headerParameters({ method }: Pick<Operation, "method">): object[] {
  const names = ["X-Request-Id", "traceparent"];
  return (method === "POST" ? ["Idempotency-Key", ...names] : names).map(parameterRef);
}

/** The query parameters of an operation. */
export function queryParameters({ query }: OperationNotes): object[] {
  if (!query) return [];
  const { properties = {} } = inlineSchema(query.schema, query.name) as {
    properties?: Record<string, JsonSchema>;
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: "query",
    description,
    schema,
  }));
}

function parameterRef(name: string): object {
  return { $ref: `#/components/parameters/${name}` };
}

function anchored(segment: string): string {
  return `^${segment}$`;
}
