/** From an HTTP request to an operation and back. */

import type { Context } from "hono";
import type { SandboxEnv } from "./app.ts";
import type { Call, Reply } from "./call.ts";
import { NotFound, Refusal } from "./errors.ts";
import { parseObject } from "./json.ts";
import type { Operation } from "./operations.ts";
import type { World } from "./options.ts";
import type { Plan } from "./plan.ts";

const JSON_HEADERS = { "content-type": "application/json" };
const EMPTY_HEADERS = { "content-length": "0" };

/** The handler of one operation: who asks, what they ask, what it answers. */
export function answer(operation: Operation, plans: ReadonlyMap<string, Plan>, world: World) {
  const takesJson = operation.method === "POST" || operation.method === "PUT";
  return function answer(c: Context<SandboxEnv>): Response {
    const plan = authenticate(c, plans);
    const bytes = takesJson ? requireJson(c, world) : undefined;
    const call: Call = {
      plan,
      world,
      params: c.req.param(),
      query: new URLSearchParams(c.get("query")),
      body: bytes && parseJson(bytes),
      bodyBytes: bytes?.length ?? 0,
    };
    return toResponse(operation.answer(call));
  };
}

/** Refuses a method that the path does not have; `methods` are those it has. */
export function refuseMethod(methods: readonly string[]) {
  const allow = methods.flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]);
  return function refuseMethod(): never {
    throw new Refusal("method_not_allowed", "The path is valid but not for this method.", {
      allow: allow.join(", "),
    });
  };
}

/** Whatever was thrown, as the API would answer it. */
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

/** `reply` as HTTP. */
export function toResponse({ status, body }: Reply): Response {
  return body === undefined
    ? new Response(null, { status, headers: EMPTY_HEADERS })
    : new Response(JSON.stringify(body), { status, headers: JSON_HEADERS });
}

function authenticate(c: Context<SandboxEnv>, plans: ReadonlyMap<string, Plan>): Plan {
  const plan = plans.get(c.req.param("service_plan_id") ?? "");
  const [, token] = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "") ?? [];
  if (plan && token === plan.token) return plan;
  throw new Refusal("unauthorized", "Authentication token is invalid for this service plan.", {
    "www-authenticate": "Bearer",
  });
}

function requireJson(c: Context<SandboxEnv>, world: World): Uint8Array {
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
    `The request body is over the maximum allowed length of ${world.maxBodyBytes} bytes.`,
  );
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function parseJson(bytes: Uint8Array): object {
  const value = parseObject(decode(bytes));
  if (value) return value;
  throw new Refusal("syntax_invalid_json", "The request body is not a valid JSON object.");
}

/** The text of `bytes`; what is not UTF-8 is no JSON either. */
function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return "";
  }
}
