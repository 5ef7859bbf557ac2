import { ROOT_CONTEXT, type Span, SpanKind, trace, type Tracer } from "@opentelemetry/api";
import type { RelaySettings } from "../callback_settings.ts";
import { networkCause } from "../errors/network_cause.ts";
import { failureCode, TransportError } from "../errors/transport_error.ts";
import type { Attempt } from "../exchange.ts";
import { ATTR, upstreamAttributes } from "../telemetry/attributes.ts";
import { endWithError, endWithResponse, injectTraceContext } from "../upstream/client_span.ts";
import { upstreamTarget } from "../upstream/target.ts";
import type { Transport } from "../upstream/transport.ts";
import { VERSION } from "../version.ts";
import { SIGNATURE_HEADERS } from "./signature.ts";
import { webhookHeaders } from "./webhook_headers.ts";

/** Options of {@linkcode Relay}. */
export interface RelayOptions {
  /** Not with the credentials of the SMS API. */
  transport: Transport;
  tracer: Tracer;
  /** The time, in ms since the epoch. */
  now: () => number;
}

/** A callback to be relayed. */
export interface RelayedCallback {
  readonly webhookId: string;
  readonly body: Uint8Array<ArrayBuffer>;
  /** The headers with which it was received. */
  readonly received: Headers;
  readonly requestId: string;
  /** The SERVER span of the callback. */
  readonly span: Span;
  /** Deadline from sending to the response headers, in ms. */
  readonly timeoutMs: number;
}

/** What became of an attempt. */
export interface RelayResult {
  readonly attempt: Attempt;
  /** Why there was no response. */
  readonly thrown?: unknown;
}

/** Headers that a callback is relayed with as it was received. */
const RELAYED_HEADERS = ["content-type", ...Object.values(SIGNATURE_HEADERS)];

/** Deadline for the body of a response, after which its connection is closed, in ms. */
const DISCARD_TIMEOUT_MS = 1_000;

/** Sends callbacks to the services that `CALLBACKS` names, and nowhere else. */
export class Relay {
  readonly #options: RelayOptions;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** Makes one attempt; follows no redirect. Never rejects for what the service or network does. */
  async send(settings: RelaySettings, callback: RelayedCallback): Promise<RelayResult> {
    const url = new URL(settings.url);
    const span = this.#startSpan(settings, url, callback.span);
    const headers = this.#headers(settings, callback);
    injectTraceContext(span, headers);
    const startedAt = performance.now();
    const durationMs = () => performance.now() - startedAt;
    try {
      const { status } = await this.#options.transport.send({
        target: upstreamTarget(url.origin),
        method: "POST",
        path: url.pathname + url.search,
        headers,
        body: callback.body,
        timeoutMs: callback.timeoutMs,
        idleTimeoutMs: DISCARD_TIMEOUT_MS,
        discardsBody: true,
      });
      endWithResponse(span, status);
      return { attempt: { durationMs: durationMs(), status } };
    } catch (thrown) {
      const failure = thrown instanceof TransportError ? failureCode(thrown) : "internal_error";
      endWithError(span, failure, thrown);
      if (!(thrown instanceof TransportError)) throw thrown;
      const cause = networkCause(thrown);
      return { attempt: { durationMs: durationMs(), failure, cause }, thrown };
    }
  }

  #headers(
    { secret }: RelaySettings,
    { received, webhookId: id, body, requestId }: RelayedCallback,
  ): Record<string, string> {
    const headers: Record<string, string> = {
      "accept-encoding": "identity",
      "user-agent": `sms-gateway/${VERSION}`,
      "x-request-id": requestId,
      ...webhookHeaders(secret, { id, body, nowMs: this.#options.now() }),
    };
    for (const name of RELAYED_HEADERS) {
      const value = received.get(name);
      if (value !== null) headers[name] = value;
    }
    return headers;
  }

  #startSpan({ name }: RelaySettings, url: URL, parent: Span): Span {
    const context = trace.setSpan(ROOT_CONTEXT, parent);
    const span = this.#options.tracer.startSpan(
      `POST relay ${name}`,
      { kind: SpanKind.CLIENT },
      context,
    );
    return span.setAttributes({
      ...upstreamAttributes(url),
      "http.request.method": "POST",
      // Path and query of a webhook often contain a secret.
      "url.full": `${url.origin}/REDACTED`,
      [ATTR.callbackRelay]: name,
    });
  }
}
