import { type CatalogCode, defaultText } from "../errors/catalog.ts";
import { ERRORS_PAGE, helpLink } from "../errors/help.ts";
import { schemaRef } from "./json_schema.ts";
import { codesOf, STATUSES, type StatusNotes } from "../errors/statuses.ts";

/** Response headers, as components. */
export const HEADERS = {
  "X-Request-Id": {
    description: "The id of this request: yours if it was valid, else a new one.",
    required: true,
    schema: { type: "string", pattern: "^[A-Za-z0-9_-]{1,128}$" },
    example: "01M811DQAATDMZJWD8SKEN4XM7",
  },
  "Idempotent-Replayed": {
    description:
      "`true` if this request was not sent, since the first one with this `Idempotency-Key` was processed; the response is that of the first.",
    schema: { type: "string", enum: ["true"] },
    example: "true",
  },
  "X-Error-Origin": {
    description: "The origin of the error: the gateway itself, or the SMS API.",
    required: true,
    schema: { type: "string", enum: ["gateway", "upstream"] },
    example: "upstream",
  },
  Link: {
    description: `The explanation of the error, with \`rel="help"\` (RFC 8288).`,
    required: true,
    schema: { type: "string" },
    example: helpLink({ status: 403, code: "unknown_group" }),
  },
  "WWW-Authenticate": {
    description:
      'The challenge of RFC 6750; with `error="invalid_token"` and a description if a token was sent.',
    required: true,
    schema: { type: "string" },
    example:
      'Bearer realm="sms-gateway", error="invalid_token", error_description="The access token expired"',
  },
  Allow: {
    description: "The methods of the path.",
    required: true,
    schema: { type: "string" },
    example: "GET, HEAD, POST",
  },
  Accept: {
    description: "The media type that the request must have.",
    required: true,
    schema: { type: "string" },
    example: "application/json",
  },
  "Retry-After": {
    description: "Seconds to wait before trying again.",
    required: true,
    schema: { type: "string" },
    example: "1",
  },
  RateLimit: {
    description:
      "What is left of each limit (`r`, in message parts or requests), and seconds until more is left (`t`); draft-ietf-httpapi-ratelimit-headers. A success has it if your policy has budgets.",
    schema: { type: "string" },
    example: '"per_hour";r=558;t=1260, "per_day";r=4288;t=40860',
  },
  "RateLimit-Policy": {
    description: "The limits (`q`), their windows in seconds (`w`) and units (`qu`).",
    schema: { type: "string" },
    example:
      '"per_hour";q=600;w=3600;qu="message-parts", "per_day";q=5000;w=86400;qu="message-parts"',
  },
} as const;

/** The responses of every error status, as components. */
export function responseComponents(): Record<string, object> {
  return Object.fromEntries(
    STATUSES.flatMap((status) =>
      status.component ? [[status.component, errorResponse(status, codesOfStatus(status))]] : []
    ),
  );
}

/** The response of an error status with some of its codes. */
export function errorResponse(
  { status, meaning, headers = [] }: StatusNotes,
  codes: readonly CatalogCode[],
): object {
  return {
    description: `${meaning}\n\n${codes.map((code) => codeLine(code)).join("\n")}`,
    headers: headerRefs(["X-Error-Origin", "Link", ...headers]),
    ...(status !== 404 && {
      content: {
        "application/json": {
          schema: schemaRef("ErrorResponse"),
          examples: Object.fromEntries(
            codes.map((code) => [code, { value: { code, text: defaultText(code) } }]),
          ),
        },
      },
    }),
  };
}

/** References to response headers, including `X-Request-Id`, which every response has. */
export function headerRefs(names: readonly string[]): Record<string, { $ref: string }> {
  return Object.fromEntries(
    ["X-Request-Id", ...names].map((name) => [name, { $ref: `#/components/headers/${name}` }]),
  );
}

function codesOfStatus({ status }: StatusNotes): CatalogCode[] {
  return codesOf(status).filter(([, { onlyOf }]) => !onlyOf).map(([code]) => code);
}

function codeLine(code: CatalogCode): string {
  return `- [\`${code}\`](${ERRORS_PAGE}#${code})`;
}
