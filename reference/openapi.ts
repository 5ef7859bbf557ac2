import { type Operation, OPERATIONS } from "../operations.ts";
import { EXAMPLES } from "./examples.ts";
import { componentSchemas, schemaRef } from "./json_schema.ts";
import { NOTES, type OperationId, type OperationNotes, TAGS } from "./operations.ts";
import { headerParameters, PARAMETERS, pathParameters, queryParameters } from "./parameters.ts";
import { errorResponse, headerRefs, HEADERS, responseComponents } from "./responses.ts";
import { STATUSES } from "../errors/statuses.ts";
import { USAGE_TAGS, usagePath } from "./usage.ts";
import { VERSION } from "../version.ts";

/** Codes of a 403 that every operation can have. */
const COMMON_REFUSALS = ["blocked_account", "forbidden"] as const;

const DESCRIPTION = `\
The Sinch SMS REST API behind a gateway: the same paths, bodies and successful answers, with your
own bearer token in place of the API's credentials.

- **Errors** are always \`{"code","text"}\` (404: no body). \`X-Error-Origin\` names their origin,
  and \`Link\` points to [the meaning of each code](/docs/errors). Unknown codes and 4xx statuses of
  the SMS API pass through.
- **\`HEAD\`** is served wherever \`GET\` is.
- **A POST is never sent to the API twice** by the gateway; if it is not known whether a POST was
  processed, the \`text\` says so. With an \`Idempotency-Key\` you can repeat a POST, too: it is sent
  once, and the repeats get the answer of the first.
`;

/** The OpenAPI 3.1 document, generated from `operations.ts`, `errors/` and `schemas/`. */
export function openApiDocument(): object {
  return {
    openapi: "3.1.0",
    info: {
      title: "SMS gateway",
      version: VERSION,
      summary: "The Sinch SMS REST API, with your own token.",
      description: DESCRIPTION,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "This gateway" }],
    security: [{ bearerToken: [] }],
    tags: Object.entries({ ...TAGS, ...USAGE_TAGS }).map(([name, description]) => ({
      name,
      description,
    })),
    paths: { ...paths(), ...usagePath() },
    components: {
      securitySchemes: {
        bearerToken: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description:
            "A JWT of the issuer that this gateway trusts; its claims name the service plan.",
        },
      },
      schemas: componentSchemas(),
      parameters: PARAMETERS,
      headers: HEADERS,
      responses: responseComponents(),
    },
  };
}

function paths(): Record<string, object> {
  const all: Record<string, Record<string, object>> = {};
  for (const operation of OPERATIONS) {
    (all[operation.path] ??= {})[
      operation.method.toLowerCase()
    ] = describe(operation, NOTES[operation.id]);
  }
  return all;
}

function describe(operation: Operation & { id: OperationId }, notes: OperationNotes): object {
  const example = EXAMPLES[operation.id]?.request;
  return {
    operationId: operation.id,
    tags: [notes.tag],
    summary: operation.summary,
    description: notes.description,
    parameters: [
      ...pathParameters(operation.path),
      ...queryParameters(notes),
      ...headerParameters(operation),
    ],
    ...(notes.request && {
      requestBody: {
        required: true,
        content: {
          "application/json": {
            schema: schemaRef(notes.request),
            ...(example !== undefined && { example }),
          },
        },
      },
    }),
    responses: responses(operation, notes),
  };
}

function responses(operation: Operation & { id: OperationId }, notes: OperationNotes): object {
  const errors = STATUSES.flatMap((status) => {
    if (!status.component || (status.status === 415 && !notes.request)) return [];
    if (ONLY_WITH_KEY.has(status.status) && operation.method !== "POST") return [];
    const refusals = notes.refusals && status.status === 403
      ? errorResponse(status, [...COMMON_REFUSALS, ...notes.refusals])
      : undefined;
    return [[
      String(status.status),
      refusals ?? { $ref: `#/components/responses/${status.component}` },
    ]];
  });
  return { [operation.success]: success(operation, notes), ...Object.fromEntries(errors) };
}

/** Statuses that only a request with an idempotency key can have. */
const ONLY_WITH_KEY: ReadonlySet<number> = new Set([409, 422]);

function success(
  { id, method, success }: Operation & { id: OperationId },
  notes: OperationNotes,
): object {
  const example = EXAMPLES[id]?.response;
  return {
    description: STATUSES.find(({ status }) => status === success)?.meaning,
    headers: headerRefs(method === "POST" ? ["Idempotent-Replayed"] : []),
    ...(notes.response && {
      content: {
        "application/json": {
          schema: schemaRef(notes.response),
          ...(example !== undefined && { example }),
        },
      },
    }),
    ...(notes.next && {
      links: Object.fromEntries(notes.next.map((next) => [next, link(next, notes.nextId)])),
    }),
  };
}

/** A link from the resource in a response to an operation on it. */
function link(next: OperationId, pointer = "/id"): object {
  const path = OPERATIONS.find(({ id }) => id === next)?.path ?? "";
  return {
    operationId: next,
    parameters: Object.fromEntries(
      [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => [
        name,
        name === "service_plan_id" ? "$request.path.service_plan_id" : `$response.body#${pointer}`,
      ]),
    ),
  };
}
