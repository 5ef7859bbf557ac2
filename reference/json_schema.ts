import { type JsonSchema as Draft7Schema, toJsonSchemaDefs } from "@valibot/to-json-schema";
import type { GenericSchema } from "valibot";
import * as schemas from "../schemas/mod.ts";
import { MEMBERS, TITLES } from "./members.ts";

/** A JSON Schema of OpenAPI 3.1, as far as this document makes use of it. */
export type JsonSchema = { [keyword: string]: unknown };

/** The name of a component of {@linkcode componentSchemas}. */
export type ComponentName = keyof typeof REQUESTS | keyof typeof ANSWERS;

const {
  SendBatchRequest,
  SendTextRequest,
  SendBinaryRequest,
  SendMediaRequest,
  UpdateBatchRequest,
  UpdateTextRequest,
  UpdateBinaryRequest,
  UpdateMediaRequest,
  DeliveryFeedbackRequest,
  CreateGroupRequest,
  UpdateGroupRequest,
  ReplaceGroupRequest,
  AutoUpdate,
} = schemas;

const {
  BatchResponse,
  TextBatch,
  BinaryBatch,
  MediaBatch,
  BatchListResponse,
  DryRunResponse,
  DeliveryReportResponse,
  RecipientDeliveryReportResponse,
  DeliveryReportListResponse,
  InboundResponse,
  InboundText,
  InboundBinary,
  InboundMedia,
  InboundListResponse,
  GroupResponse,
  GroupListResponse,
  GroupMembersResponse,
  ErrorResponse,
} = schemas;

/** What callers write: a member with a default may be left out. */
const REQUESTS = {
  SendBatchRequest,
  SendTextRequest,
  SendBinaryRequest,
  SendMediaRequest,
  UpdateBatchRequest,
  UpdateTextRequest,
  UpdateBinaryRequest,
  UpdateMediaRequest,
  DeliveryFeedbackRequest,
  CreateGroupRequest,
  UpdateGroupRequest,
  ReplaceGroupRequest,
  AutoUpdate,
};

/** What callers read. */
const ANSWERS = {
  BatchResponse,
  TextBatch,
  BinaryBatch,
  MediaBatch,
  BatchListResponse,
  DryRunResponse,
  DeliveryReportResponse,
  RecipientDeliveryReportResponse,
  DeliveryReportListResponse,
  InboundResponse,
  InboundText,
  InboundBinary,
  InboundMedia,
  InboundListResponse,
  GroupResponse,
  GroupListResponse,
  GroupMembersResponse,
  ErrorResponse,
};

/** A reference to a component. */
export function schemaRef(name: ComponentName): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** Every request and response body, by name, with what `members.ts` has to say of it. */
export function componentSchemas(): Record<string, JsonSchema> {
  const all = {
    ...definitions(REQUESTS, "input"),
    ...definitions({ ...ANSWERS, AutoUpdate }, "output"),
  };
  return Object.fromEntries(
    Object.entries(all).sort(([a], [b]) => a < b ? -1 : 1).map(([name, schema]) => [name, {
      ...(TITLES[name] && { title: TITLES[name] }),
      ...annotate(schema, name),
    }]),
  );
}

/** One schema that is no component, such as that of a query, as it is written by callers. */
export function inlineSchema(schema: GenericSchema, name: string): JsonSchema {
  return annotate(definitions({ [name]: schema }, "input")[name] ?? {}, name);
}

function definitions(
  schemas: Record<string, GenericSchema>,
  typeMode: "input" | "output",
): Record<string, Draft7Schema> {
  return toJsonSchemaDefs(schemas, {
    typeMode,
    overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`,
  });
}

/** Adds to every member what its name, or `Owner.name`, means; tidies what was generated. */
function annotate(schema: unknown, owner: string): JsonSchema {
  if (!isObject(schema)) return {};
  const { properties, required, items, anyOf, additionalProperties, pattern, ...rest } = schema;
  return tidy({
    ...rest,
    ...(typeof pattern === "string" && { pattern: plainPattern(pattern) }),
    ...(Array.isArray(required) && required.length > 0 && { required }),
    ...(isObject(properties) && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, member]) => [name, describe(member, owner, name)]),
      ),
    }),
    ...(isObject(items) && { items: annotate(items, owner) }),
    ...(Array.isArray(anyOf) && { anyOf: anyOf.map((one) => annotate(one, owner)) }),
    ...(isObject(additionalProperties) &&
      { additionalProperties: annotate(additionalProperties, owner) }),
  });
}

function describe(schema: unknown, owner: string, name: string): JsonSchema {
  const { items: ofItems, ...own } = MEMBERS[`${owner}.${name}`] ?? MEMBERS[name] ?? {};
  const annotated = annotate(schema, `${owner}.${name}`);
  const items = annotated.items;
  return {
    ...annotated,
    ...own,
    ...(ofItems && isObject(items) && { items: { ...items, ...ofItems } }),
  };
}

/** `anyOf` with null says less clearly what a list of types says; a reference has to keep it. */
function tidy(schema: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf) || anyOf.length !== 2) return schema;
  const [some, none] = anyOf;
  if (none?.type !== "null" || typeof some?.type !== "string") return schema;
  return {
    ...rest,
    ...some,
    type: [some.type, "null"],
    ...(Array.isArray(some.enum) && { enum: [...some.enum, null] }),
  };
}

/** `\d` and `\w` mean more than ASCII in some dialects, though not in that of JSON Schema. */
function plainPattern(pattern: string): string {
  return pattern.replaceAll("\\d", "[0-9]").replaceAll("\\w", "[A-Za-z0-9_]")
    .replaceAll("\\/", "/");
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
