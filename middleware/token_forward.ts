import { ROOT_CONTEXT, type Span, SpanKind, trace, type Tracer } from "@opentelemetry/api";
import type { Context } from "hono";
import { askTokenEndpoint } from "../auth/token_endpoint.ts";
import { type TokenEndpointReply, toTokenReply } from "../auth/token_reply.ts";
import { GatewayError } from "../errors/gateway_error.ts";
import type { GatewayEnv } from "../exchange.ts";
import type { DeadlineClock } from "../limits/deadlines.ts";
import { upstreamAttributes } from "../telemetry/attributes.ts";
import { endWithError, endWithResponse, injectTraceContext } from "../upstream/client_span.ts";
import { timeoutError } from "../upstream/transport.ts";
import { responseBody } from "./response_slots.ts";

/** Options of {@linkcode tokenForward}. */
export interface TokenForwardOptions {
  /** The issuer's token endpoint. */
  url: string;
  /** Names and values that are added to requests without them. */
  parameters: readonly (readonly [name: string, value: string])[];
  /** Deadline of a request, its whole reply included, in ms. */
  timeoutMs: number;
  deadlines: DeadlineClock;
  tracer: Tracer;
  /** The time, epoch ms. */
  now: () => number;
  /** Default: the global one. */
  fetch?: typeof globalThis.fetch;
}

const encoder = new TextEncoder();

/** Headers that go to the issuer as they are; `Authorization` has the client's secret. */
const REQUEST_HEADERS = ["authorization", "content-type"] as const;

/** Headers of an issuer's refusal that the client needs. */
const REPLY_HEADERS = ["www-authenticate", "retry-after"] as const;

/**
 * Passes a token request to the issuer, its bytes unchanged but for what the settings add, and
 * answers with the reply.
 */
export function tokenForward(
  { url, parameters, timeoutMs, deadlines, tracer, now, fetch = globalThis.fetch }:
    TokenForwardOptions,
): (c: Context<GatewayEnv>) => Promise<Response> {
  async function ask(c: Context<GatewayEnv>, body: Uint8Array<ArrayBuffer>) {
    const abort = new AbortController();
    const deadline = deadlines.start(
      timeoutMs,
      () => abort.abort(timeoutError("no token in time")),
    );
    const span = startSpan(tracer, new URL(url), c.get("exchange").span);
    const headers = requestHeaders(c.req.raw.headers);
    injectTraceContext(span, headers);
    try {
      const reply = await askTokenEndpoint({ url, headers, body, signal: abort.signal }, fetch);
      endWithResponse(span, reply.status);
      return reply;
    } catch (error) {
      endWithError(span, error instanceof GatewayError ? error.failure.code : "_OTHER", error);
      throw error;
    } finally {
      deadlines.clear(deadline);
    }
  }

  return async function tokenForward(c) {
    const exchange = c.get("exchange");
    const body = withParameters(exchange.body ?? new Uint8Array(), parameters);
    const reply = await ask(c, body);
    const { status, bytes, outcome } = toTokenReply(reply, {
      requestedScope: new URLSearchParams(new TextDecoder().decode(body)).get("scope") ?? "",
      now: now(),
    });
    exchange.tokenRequest = { ...exchange.tokenRequest, outcome };
    exchange.bytesOut = bytes.byteLength;
    return new Response(responseBody(c, bytes), {
      status,
      headers: [
        ...replyHeaders(status, reply),
        ["content-length", String(bytes.byteLength)],
        ["x-request-id", exchange.requestId],
      ],
    });
  };
}

/** Adds parameters at the end, those that the request has not. */
function withParameters(
  body: Uint8Array<ArrayBuffer>,
  parameters: TokenForwardOptions["parameters"],
): Uint8Array<ArrayBuffer> {
  if (parameters.length === 0) return body;
  const present = new URLSearchParams(new TextDecoder().decode(body));
  const missing = parameters.filter(([name]) => !present.has(name)).map((pair) => [...pair]);
  if (missing.length === 0) return body;
  const added = encoder.encode((body.length > 0 ? "&" : "") + new URLSearchParams(missing));
  const whole = new Uint8Array(body.length + added.length);
  whole.set(body);
  whole.set(added, body.length);
  return whole;
}

function requestHeaders(headers: Headers): Record<string, string> {
  const passed = REQUEST_HEADERS.flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  return { accept: "application/json", ...Object.fromEntries(passed) };
}

/** Nobody may store a token (RFC 6749 §5.1). */
function replyHeaders(
  status: number,
  { headers }: TokenEndpointReply,
): [name: string, value: string][] {
  const always: [string, string][] = [
    ["content-type", "application/json"],
    ["cache-control", "no-store"],
    ["pragma", "no-cache"],
  ];
  if (status < 400) return always;
  const passed = REPLY_HEADERS.flatMap((name): [string, string][] => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  return [...always, ["x-error-origin", "upstream"], ...passed];
}

/** The query of the URL may have a key, and is not recorded. */
function startSpan(tracer: Tracer, url: URL, parent: Span): Span {
  const context = trace.setSpan(ROOT_CONTEXT, parent);
  return tracer.startSpan(`POST ${url.pathname}`, { kind: SpanKind.CLIENT }, context)
    .setAttributes({
      "http.request.method": "POST",
      "url.full": url.origin + url.pathname,
      "url.template": url.pathname,
      ...upstreamAttributes(url),
    });
}
