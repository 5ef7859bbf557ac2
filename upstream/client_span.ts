import {
  type Context,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import type { Exchange } from "../exchange.ts";
import { exceptionAttributes, safePath, safeQuery } from "../telemetry/attributes.ts";

const propagator = new W3CTraceContextPropagator();

/** Options of {@linkcode startClientSpan}. */
export interface ClientSpanOptions {
  tracer: Tracer;
  /** The upstream's base URL. */
  upstream: URL;
  /** The method that is sent. */
  method: string;
  /** How often this request was sent before; 0 the first time. */
  resendCount: number;
}

/** Starts the CLIENT span of one attempt (HTTP semantic conventions 1.44, HTTP client). */
export function startClientSpan(exchange: Exchange, options: ClientSpanOptions): Span {
  const { tracer, upstream, method, resendCount } = options;
  const template = exchange.route ?? "";
  const query = exchange.rawQuery && `?${safeQuery(exchange.rawQuery)}`;
  const base = upstream.href.replace(/\/$/, "");
  const attributes = {
    "http.request.method": method,
    "server.address": upstream.hostname,
    "server.port": Number(upstream.port) || (upstream.protocol === "https:" ? 443 : 80),
    "url.full": `${base}${safePath(exchange.rawPath, true)}${query}`,
    "url.template": template,
    ...(resendCount > 0 && { "http.request.resend_count": resendCount }),
  };
  const parent = trace.setSpan(ROOT_CONTEXT, exchange.span);
  return tracer.startSpan(`${method} ${template}`, { kind: SpanKind.CLIENT, attributes }, parent);
}

/** Writes the span's trace context into the headers for the upstream (W3C Trace Context). */
export function injectTraceContext(span: Span, headers: Record<string, string>): void {
  const context: Context = trace.setSpan(ROOT_CONTEXT, span);
  propagator.inject(context, headers, defaultTextMapSetter);
}

/** Ends the span of an attempt that was answered: 4xx and 5xx are errors for a client. */
export function endAnswered(span: Span, status: number): void {
  span.setAttribute("http.response.status_code", status);
  if (status >= 400) {
    span.setAttribute("error.type", String(status));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

/** Ends the span of an attempt without an answer; `code` is the public one. */
export function endFailed(span: Span, code: string, thrown: unknown): void {
  span.setAttribute("error.type", code);
  span.addEvent("exception", exceptionAttributes(thrown));
  span.setStatus({ code: SpanStatusCode.ERROR, message: code });
  span.end();
}
