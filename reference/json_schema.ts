import { type JsonSchema as Draft7Schema, toJsonSchemaDefs } from "@valibot/to-json-schema";
import type { GenericSchema } from "valibot";
import * as schemas from "../schemas/mod.ts";
import { MEMBERS } from "./members.ts";
import { TITLES } from "./titles.ts";

/** A JSON Schema in an OpenAPI 3.1 document. */
export type JsonSchema = { [keyword: string]: unknown };

/** The name of a schema component; see {@linkcode componentSchemas}. */
export type ComponentName = keyof typeof REQUESTS | keyof typeof RESPONSES;

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
  UsageResponse,
  ErrorResponse,
} = schemas;

/** Request bodies: a member with a default is optional. */
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

/** Response bodies. */
const RESPONSES = {
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
  UsageResponse,
  ErrorResponse,
};

/** A reference to a schema component. */
export function schemaRef(name: ComponentName): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** The schema of every request and response body by name, with the notes of `members.ts`. */
export function componentSchemas(): Record<string, JsonSchema> {
  const all = {
    ...definitions(REQUESTS, "input"),
    ...definitions({ ...RESPONSES, AutoUpdate }, "output"),
  };
  return Object.fromEntries(
    Object.entries(all).sort(([a], [b]) => a < b ? -1 : 1).map(([name, schema]) => [name, {
      ...(TITLES[name] && { title: TITLES[name] }),
      ...annotate(schema, name),
    }]),
  );
}

/** The input schema of a query or of another object that is not a component. */
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

/** Adds the notes of `Owner.name`, or else of `name`, to every member; simplifies the schema. */
function annotate(schema: unknown, owner: string): JsonSchema {
  if (!isObject(schema)) return {};
  const { properties, required, items, anyOf, additionalProperties, pattern, ...rest } = schema;
  return simplify({
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

/** Replaces `anyOf` with null by a list of types. A reference with null needs the `anyOf`. */
function simplify(schema: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf) || anyOf.length !== 2) return schema;
  const [type, nullType] = anyOf;
  if (nullType?.type !== "null" || typeof type?.type !== "string") return schema;
  return {
    ...rest,
    ...type,
    type: [type.type, "null"],
    ...(Array.isArray(type.enum) && { enum: [...type.enum, null] }),
  };
}

/** Replaces `\d` and `\w`, which match more than ASCII in some regular expression dialects. */
function plainPattern(pattern: string): string {
  return pattern.replaceAll("\\d", "[0-9]").replaceAll("\\w", "[A-Za-z0-9_]")
    .replaceAll("\\/", "/");
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
