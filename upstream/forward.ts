import type { Context, Handler } from "hono";
import { GatewayError } from "../errors/gateway_error.ts";
import type { Exchange, GatewayEnv } from "../exchange.ts";
import { responseBody } from "../middleware/response_slots.ts";
import { allowedMethods } from "../operations.ts";
import { CredentialFilter } from "./credential_filter.ts";
import type { Credentials } from "./credentials.ts";
import { decodeBody } from "./decode.ts";
import { headerOf, headersDown, headersUp } from "./headers.ts";
import { normalize } from "./normalize.ts";
import { upstreamPath } from "./path.ts";
import type { UpstreamReply } from "./transport.ts";
import { type OperationRequest, Sender, type SenderOptions } from "./sender.ts";
import { watched, type WatchedOptions } from "./watched.ts";

/** Options of {@linkcode forward}. */
export interface ForwardOptions extends Omit<SenderOptions, "upstream">, WatchedOptions {
  credentials: Credentials;
  upstream: {
    /** Base URL of the SMS API. */
    url: string;
    /** From sending to the upstream's headers, in ms. */
    timeoutMs: number;
    /** Longest silence within a body, in ms. */
    idleTimeoutMs: number;
  };
}

/** Statuses that must not have a body (Fetch standard, null body status). */
const NULL_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** Sends the request to the SMS API and answers as contract.md §2 to §4 say. */
export function forward(options: ForwardOptions): Handler<GatewayEnv> {
  const upstream = new URL(options.upstream.url);
  const sender = new Sender({ ...options, upstream });
  const filter = new CredentialFilter(options.credentials.secrets());

  return async function forward(c) {
    const exchange = c.get("exchange");
    const request = toUpstream(c, options, upstream);
    const reply = await sender.send(exchange, request);
    if (reply.status >= 300) throw await refused(exchange, reply, filter);
    return answer(c, reply, { options, filter });
  };
}

function toUpstream(
  c: Context<GatewayEnv>,
  { credentials, upstream: { timeoutMs, idleTimeoutMs } }: ForwardOptions,
  upstream: URL,
): OperationRequest {
  const exchange = c.get("exchange");
  const { operation, servicePlanId } = exchange;
  if (!operation || !servicePlanId) throw new Error("only a known operation is forwarded");
  const basePath = upstream.pathname.replace(/\/$/, "");
  const { method } = operation; // a HEAD goes up as the GET it is short for
  return {
    method,
    path: basePath + upstreamPath(operation, exchange.rawPath, exchange.rawQuery),
    headers: {
      ...headersUp(c.req.raw.headers),
      authorization: credentials.authorization(servicePlanId),
      "x-request-id": exchange.requestId,
    },
    body: method === "GET" ? null : exchange.body ?? null,
    timeoutMs,
    idleTimeoutMs,
    // A caller that hangs up takes a GET back, but not what may send a message.
    signal: method === "GET" ? c.req.raw.signal : undefined,
  };
}

/** The upstream's refusal as the contract documents it. */
async function refused(
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

function answer(
  c: Context<GatewayEnv>,
  { status, headers, body }: UpstreamReply,
  { options, filter }: { options: WatchedOptions; filter: CredentialFilter },
): Response {
  const exchange = c.get("exchange");
  const init = { status, headers: headersDown(headers, filter) };
  init.headers.push(["x-request-id", exchange.requestId]);
  if (exchange.method === "HEAD" || NULL_BODY.has(status)) {
    if (!(body instanceof Uint8Array)) void body.cancel();
    return new Response(null, init);
  }
  if (!(body instanceof Uint8Array)) return new Response(watched(exchange, body, options), init);
  exchange.bytesOut = body.byteLength;
  if (headerOf(headers, "content-length") === undefined) {
    init.headers.push(["content-length", String(body.byteLength)]); // a stream has no length
  }
  return new Response(responseBody(c, body), init);
}
