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
import { safePath, safeQuery } from "../telemetry/attributes.ts";
import { exceptionAttributes } from "../telemetry/exceptions.ts";
import type { UpstreamTarget } from "./target.ts";

const propagator = new W3CTraceContextPropagator();

/** What a CLIENT span tells of the request, and its parent. */
export type SpanSource = Pick<Exchange, "span" | "route" | "rawPath" | "rawQuery">;

/** The request of one attempt. */
export interface AttemptRequest {
  readonly target: UpstreamTarget;
  /** The method sent; a HEAD of the caller is sent as GET. */
  readonly method: string;
  /** Number of earlier attempts; 0 for the first one. */
  readonly resendCount: number;
}

/** Starts the CLIENT span of one attempt. */
export type StartClientSpan = (source: SpanSource, request: AttemptRequest) => Span;

/** Creates the CLIENT spans of attempts (HTTP semantic conventions 1.44, HTTP client). */
export function clientSpans(tracer: Tracer): StartClientSpan {
  return function startClientSpan(source, { target, method, resendCount }) {
    const template = source.route ?? "";
    const query = source.rawQuery && `?${safeQuery(source.rawQuery)}`;
    const parent = trace.setSpan(ROOT_CONTEXT, source.span);
    const span = tracer.startSpan(`${method} ${template}`, { kind: SpanKind.CLIENT }, parent);
    return span.setAttributes({
      "http.request.method": method,
      ...target.attributes,
      "url.full": `${target.url}${safePath(source.rawPath, true)}${query}`,
      "url.template": template,
      "http.request.resend_count": resendCount || undefined,
    });
  };
}

/** Writes the span's trace context into the headers for the upstream (W3C Trace Context). */
export function injectTraceContext(span: Span, headers: Record<string, string>): void {
  const context: Context = trace.setSpan(ROOT_CONTEXT, span);
  propagator.inject(context, headers, defaultTextMapSetter);
}

/** Ends the span of an attempt with a response: for a client span, 4xx and 5xx are errors. */
export function endWithResponse(span: Span, status: number): void {
  span.setAttribute("http.response.status_code", status);
  if (status >= 400) {
    span.setAttribute("error.type", String(status));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

/** Ends the span of an attempt without a response; `code` is the public error code. */
export function endWithError(span: Span, code: string, thrown: unknown): void {
  span.setAttribute("error.type", code);
  span.addEvent("exception", exceptionAttributes(thrown));
  span.setStatus({ code: SpanStatusCode.ERROR, message: code });
  span.end();
}
