import {
  type Attributes,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type Tracer,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import type { MiddlewareHandler } from "hono";
import { AuthRefusal } from "../errors/auth_refusal.ts";
import { type Failure, GatewayError, gatewayFailure } from "../errors/gateway_error.ts";
import type { Exchange, GatewayEnv } from "../exchange.ts";
import { rawQueryOf } from "../raw_url.ts";
import { failureCode, TransportError } from "../errors/transport_error.ts";
import {
  ATTR,
  bounded,
  brokenOffBy,
  exceptionAttributes,
  knownMethod,
  originalMethod,
  safeCode,
  safePath,
  safeQuery,
} from "./attributes.ts";
import { rememberLast } from "./remember_last.ts";

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
 * Makes one SERVER span for every request (HTTP semantic conventions 1.44), joined to the caller's
 * trace, and tells all observers when the request has ended. It wraps every other check, so that
 * refusals are recorded as well as successes.
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
      rawPath: c.req.path, // as routedPathOf gave it
      rawQuery: rawQueryOf(c.req.url),
      startedAt: performance.now(),
      attempts: [],
      slots: [],
      span: tracer.startSpan(spanName(c.req.method), { kind: SpanKind.SERVER }, parent),
    };
    c.set("exchange", exchange);
    for (const observer of observers) observer.started?.(exchange);
    // Not with startSpan: what comes that way is copied twice before it is set.
    exchange.span.setAttributes(
      requestAttributes(exchange.method, c.req.raw.headers, c.env?.remoteAddr?.hostname),
    );
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
  exchange.failure = gatewayFailure("client_closed_request");
  exchange.status = exchange.failure.status;
}

/** A streamed answer that broke off after its status: only the operator can be told. */
function cutFailure(cut: unknown): Failure {
  if (cut instanceof GatewayError) return cut.failure;
  const code = cut instanceof TransportError ? failureCode(cut) : "client_closed_request";
  return gatewayFailure(code);
}

/** `{method} {route}`, or the method alone where no route matched. */
function spanName(method: string, route?: string): string {
  const name = knownMethod(method) === method ? method : "HTTP";
  return route ? `${name} ${route}` : name;
}

/** What a `Host` says; a gateway has few names, and a service goes on using one. */
const serverOf = rememberLast((host: string) => {
  const [, address, port] = HOST.exec(host) ?? [];
  return { address, port: address === undefined ? undefined : Number(port ?? 80) };
});

/** What is known before anything is decided; attributes that are undefined are not set. */
function requestAttributes(
  method: string,
  headers: Headers,
  peer: string | undefined,
): Attributes {
  const userAgent = headers.get("user-agent");
  const { address, port } = serverOf(headers.get("host") ?? "");
  return {
    "http.request.method": knownMethod(method),
    "http.request.method_original": originalMethod(method),
    "url.scheme": "http",
    "server.address": address,
    "server.port": port,
    "client.address": peer,
    "user_agent.original": userAgent ? bounded(userAgent) : undefined,
  };
}

function endSpan(exchange: Exchange): void {
  const { span, route, failure, thrown } = exchange;
  if (route) span.updateName(spanName(exchange.method, route));
  span.setAttributes(outcomeAttributes(exchange));
  if (thrown !== undefined && (failure === undefined || hasCause(thrown))) {
    span.addEvent("exception", exceptionAttributes(thrown));
  }
  const cut = brokenOffBy(exchange);
  if ((exchange.status ?? 500) >= 500 || cut) {
    span.setAttribute("error.type", cut ? cut.code : String(exchange.status));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

function hasCause(thrown: unknown): boolean {
  return !(thrown instanceof Error) || !("failure" in thrown) || thrown.cause !== undefined;
}

function outcomeAttributes(exchange: Exchange): Attributes {
  const { route, principal, failure, rawQuery, servicePlanId, thrown } = exchange;
  const refusal = thrown instanceof AuthRefusal ? thrown : undefined;
  return {
    "url.path": safePath(exchange.rawPath, route !== undefined),
    "url.query": rawQuery ? safeQuery(rawQuery) : undefined,
    "http.route": route,
    "http.response.status_code": exchange.status,
    [ATTR.requestId]: exchange.requestId,
    [ATTR.servicePlanId]: servicePlanId,
    [ATTR.subject]: principal?.subject,
    [ATTR.errorCode]: failure && safeCode(failure.code),
    [ATTR.errorOrigin]: failure?.origin,
    [ATTR.errorFault]: failure?.fault,
    [ATTR.authReason]: refusal?.reason,
    [ATTR.unverifiedSubject]: refusal?.unverifiedSubject,
    [ATTR.pathProblem]: exchange.pathProblem,
  };
}
