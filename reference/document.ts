import type { JsonSchema } from "./json_schema.ts";
import { openApiDocument } from "./openapi.ts";

/** What the pages read of a parameter in the OpenAPI document. */
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
  readonly example?: string;
}

/** What the pages read of a request or response body. */
export interface Content {
  readonly "application/json"?: {
    readonly schema: JsonSchema;
    readonly example?: unknown;
    readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
  };
}

/** What the pages read of a response. */
export interface DocumentedResponse {
  readonly status: number;
  readonly description: string;
  readonly headers?: Readonly<Record<string, object>>;
  readonly content?: Content;
  readonly links?: Readonly<Record<string, { readonly parameters: Record<string, string> }>>;
}

/** An operation of the OpenAPI document, with its references resolved. */
export interface DocumentedOperation {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: readonly DocumentedResponse[];
}

/** The OpenAPI document as far as the pages read it. */
interface Document {
  readonly info: { readonly summary: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>;
  readonly components: {
    readonly securitySchemes: { readonly bearerToken: { readonly description: string } };
  };
}

interface Reference {
  readonly $ref: string;
}

/** An operation as it is in the document. */
interface RawOperation
  extends Pick<DocumentedOperation, "operationId" | "summary" | "description" | "requestBody"> {
  readonly tags: readonly [string];
  readonly parameters: readonly (Parameter | Reference)[];
  readonly responses: Readonly<Record<string, Omit<DocumentedResponse, "status"> | Reference>>;
}

let loaded: Document | undefined;

/** The OpenAPI document, generated once. */
export function apiDocument(): Document {
  // The document is made in this folder; `tests/reference/openapi.test.ts` checks its members.
  return loaded ??= openApiDocument() as Document;
}

/** Returns what a `$ref` of the document points to, or the value itself if it is no reference. */
export function resolved<T>(value: T | Reference): T {
  if (typeof value !== "object" || value === null || !("$ref" in value)) return value as T;
  const names = String(value.$ref).split("/").slice(1);
  return names.reduce<unknown>(
    (node, name) => (node as Record<string, unknown> | undefined)?.[name],
    apiDocument(),
  ) as T;
}

let operations: readonly DocumentedOperation[] | undefined;

/** Every operation of the document, in the order of its tags. */
export function documentedOperations(): readonly DocumentedOperation[] {
  return operations ??= apiDocument().tags.flatMap(({ name }) =>
    Object.entries(apiDocument().paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, { tags }]) => tags[0] === name)
        .map(([method, operation]) => documented(operation, { path, method: method.toUpperCase() }))
    )
  );
}

function documented(
  { tags, parameters, responses, ...rest }: RawOperation,
  place: { path: string; method: string },
): DocumentedOperation {
  return {
    ...rest,
    ...place,
    tag: tags[0],
    parameters: parameters.map((parameter) => resolved<Parameter>(parameter)),
    responses: Object.entries(responses).map(([status, response]) => ({
      ...resolved<Omit<DocumentedResponse, "status">>(response),
      status: Number(status),
    })),
  };
}
