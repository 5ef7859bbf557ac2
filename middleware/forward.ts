import type { Context } from "hono";
import { GatewayError } from "../errors/gateway_error.ts";
import type { Attempt, Exchange, GatewayEnv } from "../exchange.ts";
import type { Operation } from "../operations.ts";
import { allowedMethods } from "../route_table.ts";
import type { CredentialFilter } from "../upstream/credential_filter.ts";
import type { PlanCredential } from "../upstream/credentials/plan_credential.ts";
import { decodeBody } from "../upstream/decode.ts";
import { headerOf, requestHeaders, responseHeaders } from "../upstream/headers.ts";
import { normalize } from "../upstream/normalize.ts";
import { upstreamPath } from "../upstream/path.ts";
import { Sender, type SenderOptions } from "../upstream/sender.ts";
import type { UpstreamReply } from "../upstream/transport.ts";
import { withOwnHeaders } from "./own_headers.ts";
import { responseBody } from "./response_slots.ts";
import { trackedBody, type TrackedBodyOptions } from "./tracked_body.ts";

/** Options of {@linkcode Forwarder}. */
export interface ForwarderOptions extends SenderOptions, TrackedBodyOptions {
  /** The credential of a request; it says which SMS API the request is sent to. */
  credentialOf: (exchange: Exchange) => PlanCredential;
  /** Removes the credentials that a request may have been sent with from texts of the upstream. */
  filterOf: (exchange: Exchange) => CredentialFilter;
  upstream: {
    /** Deadline from sending to the response headers, in ms. */
    timeoutMs: number;
    /** Longest pause between two chunks of a body, in ms. */
    idleTimeoutMs: number;
  };
}

/** A GET request of the gateway itself, about an earlier request of the caller. */
export interface Lookup {
  readonly route: Operation["path"];
  /** Path and query as they are sent. */
  readonly path: string;
  readonly query: string;
  /** Default: that of the caller's requests. */
  readonly timeoutMs?: number;
  /** Aborts the request, and the stream of its body; default: only the deadlines do. */
  readonly signal?: AbortSignal;
}

/** Statuses that must not have a body (Fetch standard, null body status). */
const NULL_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

const LOOKUP_HEADERS = { accept: "application/json", "accept-encoding": "identity" };

/** Sends requests to the SMS API, and its responses to the caller (contract.md §2 to §4). */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #sender: Sender;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#sender = new Sender(options);
  }

  /**
   * Sends the caller's request.
   *
   * @returns the reply, whose status is less than 300
   * @throws {GatewayError} for any other reply, converted to the documented shape, and without one
   */
  async send(c: Context<GatewayEnv>): Promise<UpstreamReply> {
    const exchange = c.get("exchange");
    const { operation } = exchange;
    if (!operation) throw new Error("the request was not routed");
    const { method } = operation; // GET for a HEAD
    const request = this.#baseRequest(exchange, requestHeaders(c.req.raw.headers));
    const reply = await this.#sender.send(exchange, {
      ...request,
      method,
      isCounted: true,
      path: request.target.basePath + upstreamPath(operation, exchange.rawPath, exchange.rawQuery),
      body: method === "GET" ? null : exchange.body ?? null,
      // A caller that disconnects aborts a GET, but no request that may send a message.
      signal: method === "GET" ? c.req.raw.signal : undefined,
    });
    if (reply.status >= 300) throw await this.#toError(exchange, reply);
    return reply;
  }

  /**
   * Sends a GET request of the gateway itself; resolves with the reply, whatever its status. It does
   * not count for the circuit breaker: a single group or listing that fails would stop the sends of
   * all callers, and one that succeeds would hide that sends fail.
   */
  lookUp(
    c: Context<GatewayEnv>,
    { route, path, query, timeoutMs, signal }: Lookup,
  ): Promise<UpstreamReply> {
    const exchange = c.get("exchange");
    const { span } = exchange;
    const attempts: Attempt[] = [];
    (exchange.lookups ??= []).push({ route, attempts });
    const request = this.#baseRequest(exchange, LOOKUP_HEADERS);
    // The path has ids from a body, which may be phone numbers: the span gets the template only.
    return this.#sender.send({ span, route, rawPath: route, rawQuery: query, attempts }, {
      ...request,
      method: "GET",
      isCounted: false,
      path: request.target.basePath + path + (query && `?${query}`),
      body: null,
      timeoutMs: timeoutMs ?? request.timeoutMs,
      signal,
    });
  }

  /** The response to the caller. */
  respond(c: Context<GatewayEnv>, { status, headers, body }: UpstreamReply): Response {
    const exchange = c.get("exchange");
    const forwarded = responseHeaders(headers, this.#options.filterOf(exchange));
    const init = { status, headers: withOwnHeaders(exchange, forwarded) };
    if (exchange.method === "HEAD" || NULL_BODY.has(status)) {
      if (!(body instanceof Uint8Array)) void body.cancel();
      return new Response(null, init);
    }
    if (!(body instanceof Uint8Array)) {
      return new Response(trackedBody(exchange, body, this.#options), init);
    }
    exchange.bytesOut = body.byteLength;
    if (headerOf(headers, "content-length") === undefined) {
      init.headers.push(["content-length", String(body.byteLength)]); // else the runtime would use chunks
    }
    return new Response(responseBody(c, body), init);
  }

  #baseRequest(exchange: Exchange, chosenHeaders: Readonly<Record<string, string>>) {
    const { credentialOf, upstream: { timeoutMs, idleTimeoutMs } } = this.#options;
    const credential = credentialOf(exchange);
    const headers = { ...chosenHeaders, "x-request-id": exchange.requestId };
    return { credential, target: credential.target, headers, timeoutMs, idleTimeoutMs };
  }

  /** Converts an error of the upstream to the documented shape. */
  async #toError(
    exchange: Exchange,
    { status, headers, body }: UpstreamReply,
  ): Promise<GatewayError> {
    const { operation, route } = exchange;
    const filter = this.#options.filterOf(exchange);
    const raw = body instanceof Uint8Array ? body : new Uint8Array();
    const decoding = decodeBody(raw, headerOf(headers, "content-encoding"));
    const bytes = decoding instanceof Uint8Array ? decoding : await decoding;
    return new GatewayError(normalize({ status, headers, bytes }, {
      method: operation?.method ?? "POST",
      allow: allowedMethods(route ?? ""),
      clean: (text) => filter.clean(text),
    }));
  }
}
