/** Maps HTTP requests to operations, and their results and errors to HTTP responses. */

import type { Context } from "hono";
import type { SandboxEnv } from "./env.ts";
import type { Call, Reply } from "./call.ts";
import { NotFound, Refusal } from "./errors.ts";
import { parseObject } from "./json.ts";
import type { AccessTokens } from "./oauth.ts";
import type { Operation } from "./operations.ts";
import type { Settings } from "./options.ts";
import type { Plan } from "./plan.ts";

const JSON_HEADERS = { "content-type": "application/json" };
const EMPTY_HEADERS = { "content-length": "0" };

/** What all operations share. */
export interface OperationContext extends Pick<Call, "settings" | "onBatch"> {
  /** Tokens that are accepted beside those of the plans. */
  readonly tokens: AccessTokens;
}

/** The Hono handler of `operation`: checks token, content type and JSON, then calls it. */
export function operationHandler(
  operation: Operation,
  plans: ReadonlyMap<string, Plan>,
  { settings, onBatch, tokens }: OperationContext,
) {
  const takesJson = operation.method === "POST" || operation.method === "PUT";
  return function handleOperation(c: Context<SandboxEnv>): Response {
    const plan = authenticate(c, plans, tokens);
    const bytes = takesJson ? requireJson(c, settings) : undefined;
    const call: Call = {
      plan,
      settings,
      onBatch,
      params: c.req.param(),
      query: new URLSearchParams(c.get("query")),
      body: bytes && parseJson(bytes),
      bodyBytes: bytes?.length ?? 0,
    };
    return toResponse(operation.run(call));
  };
}

/** A handler that throws a 405; `methods` are those that the path has. */
export function refuseMethod(methods: readonly string[]) {
  const allow = methods.flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]);
  return function refuseMethod(): never {
    throw new Refusal("method_not_allowed", "The path is valid but not for this method.", {
      allow: allow.join(", "),
    });
  };
}

/** The response for an error: its status and code, or 500 if it is unexpected. */
export function refusalResponse(error: Error): Response {
  if (error instanceof NotFound) return notFoundResponse();
  const refusal = error instanceof Refusal
    ? error
    : new Refusal("internal_error", `The sandbox failed: ${error.message}.`);
  const { code, status, message: text, headers } = refusal;
  return new Response(JSON.stringify({ code, text }), {
    status,
    headers: { ...JSON_HEADERS, ...headers },
  });
}

/** 404, without a body. */
export function notFoundResponse(): Response {
  return toResponse({ status: 404 });
}

/** A result of an operation as an HTTP response. */
export function toResponse({ status, body }: Reply): Response {
  return body === undefined
    ? new Response(null, { status, headers: EMPTY_HEADERS })
    : new Response(JSON.stringify(body), { status, headers: JSON_HEADERS });
}

function authenticate(
  c: Context<SandboxEnv>,
  plans: ReadonlyMap<string, Plan>,
  tokens: AccessTokens,
): Plan {
  const plan = plans.get(c.req.param("service_plan_id") ?? "");
  const [, token = ""] = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "") ?? [];
  if (plan && (token === plan.token || tokens.accepts(token))) return plan;
  throw new Refusal("unauthorized", "Authentication token is invalid for this service plan.", {
    "www-authenticate": "Bearer",
  });
}

function requireJson(c: Context<SandboxEnv>, settings: Settings): Uint8Array {
  const [type = ""] = (c.req.header("content-type") ?? "").split(";");
  if (type.trim().toLowerCase() !== "application/json") {
    throw new Refusal(
      "unsupported_media_type",
      "The Content-Type header is missing or unsupported; use application/json.",
      { accept: "application/json" },
    );
  }
  const bytes = c.get("body");
  if (bytes) return bytes;
  throw new Refusal(
    "syntax_constraint_violation",
    `The request body is over the maximum allowed length of ${settings.maxBodyBytes} bytes.`,
  );
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function parseJson(bytes: Uint8Array): object {
  const value = parseObject(decode(bytes));
  if (value) return value;
  throw new Refusal("syntax_invalid_json", "The request body is not a valid JSON object.");
}

/** The text of `bytes`; empty, which is not JSON, if they are not UTF-8. */
function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return "";
  }
}
