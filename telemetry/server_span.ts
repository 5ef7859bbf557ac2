import {
  type Attributes,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type Tracer,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import type { Context } from "hono";
import { type Failure, GatewayError, gatewayFailure } from "../errors/gateway_error.ts";
import { failureCode, TransportError } from "../errors/transport_error.ts";
import type { Exchange, GatewayEnv, RequestHooks } from "../exchange.ts";
import { rawQueryOf } from "../raw_url.ts";
import { failureAfterHeaders } from "./attributes.ts";
import { exceptionAttributes } from "./exceptions.ts";
import type { ExchangeObserver } from "./exchange_observer.ts";
import { headersGetter } from "./headers_getter.ts";
import { outcomeAttributes, requestAttributes, spanName } from "./server_span_attributes.ts";

/** Options of {@linkcode serverSpan}. */
export interface ServerSpanOptions {
  tracer: Tracer;
  /** Default: none. */
  observers?: readonly ExchangeObserver[];
  /** Further attributes of a request, from its headers. Default: none. */
  captured?: ((headers: Headers) => Attributes) | undefined;
}

const propagator = new W3CTraceContextPropagator();

/**
 * Records one SERVER span per request (HTTP semantic conventions 1.44) in the caller's trace, and
 * notifies all observers when the request has ended. Must run before all checks, so that rejected
 * requests are recorded too.
 */
export function serverSpan(
  { tracer, observers = [], captured }: ServerSpanOptions,
): RequestHooks {
  function end(exchange: Exchange): void {
    for (const release of exchange.slots) release();
    endSpan(exchange);
    const durationMs = performance.now() - exchange.startedAt;
    for (const observer of observers) observer.finished(exchange, durationMs);
  }

  return {
    onRequest(c) {
      const exchange = startExchange(c, tracer);
      c.set("exchange", exchange);
      for (const observer of observers) observer.started?.(exchange);
      // Before the gateway's own, which take precedence.
      if (captured) exchange.span.setAttributes(captured(c.req.raw.headers));
      // Not passed to startSpan, which copies attributes twice.
      exchange.span.setAttributes(
        requestAttributes(exchange.method, c.req.raw.headers, c.env?.remoteAddr?.hostname),
      );
      void c.req.raw.signal; // a signal that is first read after an abort does not report it
    },
    onResponse(c) {
      const exchange = c.get("exchange");
      exchange.status = c.res.status;
      const { aborted } = c.req.raw.signal;
      if (aborted && exchange.failure?.origin !== "upstream") recordClientClosed(exchange);
      if (exchange.streamed) {
        exchange.streamed.then(() => end(exchange), (error) => {
          Object.assign(exchange, { thrown: error, failure: streamFailure(error) });
          end(exchange);
        });
      } else end(exchange);
    },
  };
}

/** Creates the exchange of a request, with its SERVER span in the caller's trace. */
function startExchange(c: Context<GatewayEnv>, tracer: Tracer): Exchange {
  const parent = propagator.extract(ROOT_CONTEXT, c.req.raw.headers, headersGetter);
  return {
    requestId: c.get("requestId"),
    method: c.req.method,
    rawPath: c.req.path, // the result of routedPathOf
    rawQuery: rawQueryOf(c.req.url),
    startedAt: performance.now(),
    attempts: [],
    slots: [],
    undo: [],
    span: tracer.startSpan(spanName(c.req.method), { kind: SpanKind.SERVER }, parent),
  };
}

/** The caller has closed the connection: it received no response, whatever the status was. */
function recordClientClosed(exchange: Exchange): void {
  exchange.failure = gatewayFailure("client_closed_request");
  exchange.status = exchange.failure.status;
}

/** The failure of a stream that ended early; it is only recorded, as the status was sent before. */
function streamFailure(error: unknown): Failure {
  if (error instanceof GatewayError) return error.failure;
  const code = error instanceof TransportError ? failureCode(error) : "client_closed_request";
  return gatewayFailure(code);
}

function endSpan(exchange: Exchange): void {
  const { span, route, failure, thrown } = exchange;
  if (route) span.updateName(spanName(exchange.method, route));
  span.setAttributes(outcomeAttributes(exchange));
  if (thrown !== undefined && (failure === undefined || hasCause(thrown))) {
    span.addEvent("exception", exceptionAttributes(thrown));
  }
  const late = failureAfterHeaders(exchange);
  if ((exchange.status ?? 500) >= 500 || late) {
    span.setAttribute("error.type", late ? late.code : String(exchange.status));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

function hasCause(thrown: unknown): boolean {
  return !(thrown instanceof Error) || !("failure" in thrown) || thrown.cause !== undefined;
}
