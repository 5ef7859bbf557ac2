import type { Context, Handler } from "hono";
import { GatewayError } from "../errors/gateway_error.ts";
import type { Exchange, GatewayEnv } from "../exchange.ts";
import { allowedMethods } from "../route_table.ts";
import { CredentialFilter } from "../upstream/credential_filter.ts";
import type { Credentials } from "../upstream/credentials.ts";
import { decodeBody } from "../upstream/decode.ts";
import { headerOf, requestHeaders, responseHeaders } from "../upstream/headers.ts";
import { normalize } from "../upstream/normalize.ts";
import { upstreamPath } from "../upstream/path.ts";
import { type OperationRequest, Sender, type SenderOptions } from "../upstream/sender.ts";
import type { UpstreamReply } from "../upstream/transport.ts";
import { responseBody } from "./response_slots.ts";
import { trackedBody, type TrackedBodyOptions } from "./tracked_body.ts";

/** Options of {@linkcode forward}. */
export interface ForwardOptions extends Omit<SenderOptions, "upstream">, TrackedBodyOptions {
  credentials: Credentials;
  upstream: {
    /** Base URL of the SMS API. */
    url: string;
    /** Deadline from sending to the response headers, in ms. */
    timeoutMs: number;
    /** Longest pause between two chunks of a body, in ms. */
    idleTimeoutMs: number;
  };
}

/** Statuses that must not have a body (Fetch standard, null body status). */
const NULL_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** Forwards the request to the SMS API, and its response to the caller (contract.md §2 to §4). */
export function forward(options: ForwardOptions): Handler<GatewayEnv> {
  const upstream = new URL(options.upstream.url);
  const sender = new Sender({ ...options, upstream });
  const filter = new CredentialFilter(options.credentials.secrets());

  return async function forward(c) {
    const exchange = c.get("exchange");
    const reply = await sender.send(exchange, toUpstreamRequest(c, options, upstream));
    if (reply.status >= 300) throw await toError(exchange, reply, filter);
    return toResponse(c, reply, { options, filter });
  };
}

function toUpstreamRequest(
  c: Context<GatewayEnv>,
  { credentials, upstream: { timeoutMs, idleTimeoutMs } }: ForwardOptions,
  upstream: URL,
): OperationRequest {
  const exchange = c.get("exchange");
  const { operation, servicePlanId } = exchange;
  if (!operation || !servicePlanId) throw new Error("the request was not routed and authenticated");
  const basePath = upstream.pathname.replace(/\/$/, "");
  const { method } = operation; // GET for a HEAD
  return {
    method,
    path: basePath + upstreamPath(operation, exchange.rawPath, exchange.rawQuery),
    headers: {
      ...requestHeaders(c.req.raw.headers),
      authorization: credentials.authorization(servicePlanId),
      "x-request-id": exchange.requestId,
    },
    body: method === "GET" ? null : exchange.body ?? null,
    timeoutMs,
    idleTimeoutMs,
    // A caller that disconnects aborts a GET, but no request that may send a message.
    signal: method === "GET" ? c.req.raw.signal : undefined,
  };
}

/** Converts an error of the upstream to the documented shape. */
async function toError(
  { operation, route }: Exchange,
  { status, headers, body }: UpstreamReply,
  filter: CredentialFilter,
): Promise<GatewayError> {
  const raw = body instanceof Uint8Array ? body : new Uint8Array();
  const bytes = await decodeBody(raw, headerOf(headers, "content-encoding"));
  return new GatewayError(normalize({ status, headers, bytes }, {
    method: operation?.method ?? "POST",
    allow: allowedMethods(route ?? ""),
    clean: (text) => filter.clean(text),
  }));
}

function toResponse(
  c: Context<GatewayEnv>,
  { status, headers, body }: UpstreamReply,
  { options, filter }: { options: TrackedBodyOptions; filter: CredentialFilter },
): Response {
  const exchange = c.get("exchange");
  const init = { status, headers: responseHeaders(headers, filter) };
  init.headers.push(["x-request-id", exchange.requestId]);
  if (exchange.method === "HEAD" || NULL_BODY.has(status)) {
    if (!(body instanceof Uint8Array)) void body.cancel();
    return new Response(null, init);
  }
  if (!(body instanceof Uint8Array)) {
    return new Response(trackedBody(exchange, body, options), init);
  }
  exchange.bytesOut = body.byteLength;
  if (headerOf(headers, "content-length") === undefined) {
    init.headers.push(["content-length", String(body.byteLength)]); // else the runtime would use chunks
  }
  return new Response(responseBody(c, body), init);
}
