import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type Tracer,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import type { MiddlewareHandler } from "hono";
import { CATALOG, type CatalogCode, defaultText } from "../errors/catalog.ts";
import type { Failure } from "../errors/gateway_error.ts";
import type { Exchange, GatewayEnv } from "../exchange.ts";
import { rawPathOf, rawQueryOf } from "../raw_url.ts";
import { failureCode } from "../upstream/failure.ts";
import { TransportError } from "../upstream/transport.ts";
import {
  ATTR,
  bounded,
  exceptionAttributes,
  methodAttributes,
  safeCode,
  safePath,
  safeQuery,
} from "./attributes.ts";

/** Told of every exchange; must not throw. */
export interface ExchangeObserver {
  /** A request has come in. */
  started?(exchange: Exchange): void;
  /** Its answer has been given, or the stream of it has ended; `durationMs` since the start. */
  finished(exchange: Exchange, durationMs: number): void;
}

/** Options of {@linkcode serverSpan}. */
export interface ServerSpanOptions {
  tracer: Tracer;
  /** Default: none. */
  observers?: readonly ExchangeObserver[];
}

const propagator = new W3CTraceContextPropagator();

/** RFC 9110 §7.2: host name or address, perhaps with a port. */
const HOST = /^([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/;

const headersGetter: TextMapGetter<Headers> = {
  get: (headers, name) => headers.get(name) ?? undefined,
  keys: (headers) => [...headers.keys()],
};

/**
 * The camera at the front door: outermost, so that a refusal is seen as well as a success.
 * One SERVER span for every request (HTTP semantic conventions 1.44), joined to the caller's
 * trace, and at its end the word to all observers.
 */
export function serverSpan(
  { tracer, observers = [] }: ServerSpanOptions,
): MiddlewareHandler<GatewayEnv> {
  function end(exchange: Exchange): void {
    for (const release of exchange.slots) release();
    endSpan(exchange);
    const durationMs = performance.now() - exchange.startedAt;
    for (const observer of observers) observer.finished(exchange, durationMs);
  }

  return async function serverSpan(c, next) {
    const parent = propagator.extract(ROOT_CONTEXT, c.req.raw.headers, headersGetter);
    const exchange: Exchange = {
      requestId: c.get("requestId"),
      method: c.req.method,
      rawPath: rawPathOf(c.req.url),
      rawQuery: rawQueryOf(c.req.url),
      startedAt: performance.now(),
      attempts: [],
      slots: [],
      span: startSpan(tracer, parent, c.req.method),
    };
    c.set("exchange", exchange);
    for (const observer of observers) observer.started?.(exchange);
    exchange.span.setAttributes(peerAttributes(c.req.raw.headers, c.env?.remoteAddr?.hostname));
    const { signal } = c.req.raw; // asked for now: later it would not know what has happened
    await next();
    exchange.status = c.res.status;
    if (signal.aborted && exchange.failure?.origin !== "upstream") noteCallerGone(exchange);
    if (exchange.streamed) {
      exchange.streamed.then(() => end(exchange), (cut) => {
        Object.assign(exchange, { thrown: cut, failure: cutFailure(cut) });
        end(exchange);
      });
    } else end(exchange);
  };
}

/** Whatever the answer would have been: nobody got it. */
function noteCallerGone(exchange: Exchange): void {
  exchange.failure = ownFailure("client_closed_request");
  exchange.status = exchange.failure.status;
}

/** A streamed answer that broke off after its status: only the operator can be told. */
function cutFailure(cut: unknown): Failure {
  const code = cut instanceof TransportError ? failureCode(cut) : "client_closed_request";
  return ownFailure(code);
}

function ownFailure(code: CatalogCode): Failure {
  return { status: CATALOG[code].status, code, text: defaultText(code), origin: "gateway" };
}

function startSpan(tracer: Tracer, parent: Context, method: string): Span {
  const attributes = { ...methodAttributes(method), "url.scheme": "http" };
  return tracer.startSpan(spanName(method), { kind: SpanKind.SERVER, attributes }, parent);
}

/** `{method} {route}`, or the method alone where no route matched. */
function spanName(method: string, route?: string): string {
  const known = methodAttributes(method)["http.request.method"];
  const name = known === "_OTHER" ? "HTTP" : method;
  return route ? `${name} ${route}` : name;
}

function peerAttributes(headers: Headers, peer: string | undefined): Attributes {
  const userAgent = headers.get("user-agent");
  const [, address, port] = HOST.exec(headers.get("host") ?? "") ?? [];
  return {
    ...(address && { "server.address": address, "server.port": Number(port ?? 80) }),
    ...(peer && { "client.address": peer }),
    ...(userAgent && { "user_agent.original": bounded(userAgent) }),
  };
}

function endSpan(exchange: Exchange): void {
  const { span, route, failure, thrown } = exchange;
  if (route) span.updateName(spanName(exchange.method, route));
  span.setAttributes(outcomeAttributes(exchange));
  if (thrown !== undefined && (failure === undefined || hasCause(thrown))) {
    span.addEvent("exception", exceptionAttributes(thrown));
  }
  const cut = thrown instanceof TransportError; // a streamed answer broke off after its headers
  if ((exchange.status ?? 500) >= 500 || cut) {
    span.setAttribute("error.type", cut && failure ? failure.code : String(exchange.status));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

function hasCause(thrown: unknown): boolean {
  return !(thrown instanceof Error) || !("failure" in thrown) || thrown.cause !== undefined;
}

function outcomeAttributes(exchange: Exchange): Attributes {
  const { route, principal, failure, rawQuery, servicePlanId } = exchange;
  return {
    "url.path": safePath(exchange.rawPath, route !== undefined),
    ...(rawQuery && { "url.query": safeQuery(rawQuery) }),
    ...(route && { "http.route": route }),
    ...(exchange.status && { "http.response.status_code": exchange.status }),
    [ATTR.requestId]: exchange.requestId,
    ...(servicePlanId && { [ATTR.servicePlanId]: servicePlanId }),
    ...(principal?.subject && { [ATTR.subject]: principal.subject }),
    ...(failure && {
      [ATTR.errorCode]: safeCode(failure.code),
      [ATTR.errorOrigin]: failure.origin,
    }),
  };
}
