import {
  type Attributes,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { upstreamAttributes } from "../../telemetry/attributes.ts";
import type { TokenError } from "./token_error.ts";

/** The CLIENT span of a token fetch. It has no secret. */
export interface TokenSpan {
  status(status: number): void;
  end(error?: TokenError): void;
}

/** Attributes of every fetch from a token endpoint, whose URL has no secret. */
export function tokenSpanAttributes(url: URL): Attributes {
  return {
    "http.request.method": "POST",
    ...upstreamAttributes(url),
    "url.full": url.origin + url.pathname,
  };
}

/** Starts the CLIENT span of a token fetch in the trace of the request that waits for it. */
export function startTokenSpan(
  tracer: Tracer,
  parent: Span,
  options: { attributes: Attributes; startTime: number },
): TokenSpan {
  const context = trace.setSpan(ROOT_CONTEXT, parent);
  const span = tracer.startSpan("POST", { kind: SpanKind.CLIENT, ...options }, context);
  return {
    status: (status) => void span.setAttribute("http.response.status_code", status),
    end(error) {
      if (error) {
        const { status } = error.details;
        span.setAttribute("error.type", status === undefined ? error.reason : String(status));
        span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      }
      span.end();
    },
  };
}
