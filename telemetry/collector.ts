import { context } from "@opentelemetry/api";
import { suppressTracing } from "@opentelemetry/core";
import type { ExportProblem } from "./export_log.ts";

/** One OTLP/HTTP export request. */
export interface ExportRequest {
  /** Where it goes, such as `http://localhost:4318/v1/traces`. */
  url: string;
  /** The export request as JSON. */
  body: Uint8Array<ArrayBuffer>;
  fetch: typeof fetch;
}

/** What the collector made of an export request. */
export interface ExportOutcome {
  /** Whether the same batch may be sent again. */
  readonly retry: boolean;
  /** How many of its items are lost; `Infinity`: all of them. */
  readonly rejected: number;
  /** The pause that the collector asked for (`Retry-After`), in ms; 0 where it did not. */
  readonly retryAfterMs: number;
  /** Why not everything was accepted; undefined where it was. */
  readonly problem?: ExportProblem;
}

/** An export that takes longer has failed, in ms. */
const EXPORT_TIMEOUT_MS = 10_000;

/** OTLP/HTTP: the statuses after which the same batch may be sent again. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Longest pause that a `Retry-After` may ask for, in ms: what waits meanwhile is limited. */
const MAX_RETRY_AFTER_MS = 60_000;

/** An `ExportTraceServiceResponse` has a number and a sentence; what is longer is not read. */
const MAX_RESPONSE_BYTES = 64 * 1024;

const ACCEPTED: ExportOutcome = { retry: false, rejected: 0, retryAfterMs: 0 };

/**
 * Sends an export request and reads the answer as the OTLP specification says (OTLP/HTTP Response).
 * A redirect is a refusal: it is not followed, since it could name any other host. Never rejects.
 */
export async function exportJson({ url, body, fetch }: ExportRequest): Promise<ExportOutcome> {
  try {
    const response = await context.with(suppressTracing(context.active()), () =>
      fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(EXPORT_TIMEOUT_MS),
      }));
    return await outcomeOf(response);
  } catch (error) {
    const problem = { message: "collector unreachable", reason: reasonOf(error) } as const;
    return { retry: true, rejected: 0, retryAfterMs: 0, problem };
  }
}

async function outcomeOf(response: Response): Promise<ExportOutcome> {
  const { status } = response;
  if (response.ok) return await partialSuccess(response);
  await response.body?.cancel();
  const retry = RETRYABLE.has(status);
  return {
    retry,
    rejected: retry ? 0 : Infinity,
    retryAfterMs: retry ? retryAfterMs(response.headers) : 0,
    problem: { message: "collector refuses exports", status },
  };
}

/** `Retry-After` in seconds (RFC 9110 §10.2.3); a date is not read. */
function retryAfterMs(headers: Headers): number {
  const value = headers.get("retry-after") ?? "";
  return /^\d+$/.test(value) ? Math.min(Number(value) * 1_000, MAX_RETRY_AFTER_MS) : 0;
}

/** A success says in its body how much of the batch was rejected, where some was. */
async function partialSuccess(response: Response): Promise<ExportOutcome> {
  const text = await beginningOf(response).catch(() => ""); // a status of 200 was said already
  const { rejectedSpans, errorMessage } = partialSuccessOf(text);
  const rejected = Number(rejectedSpans ?? 0); // an int64 is a string in JSON, or a number
  if (!(rejected > 0)) return ACCEPTED;
  const reason = typeof errorMessage === "string" ? errorMessage : undefined;
  const problem = { message: "collector rejects part of the exports", reason } as const;
  return { retry: false, rejected, retryAfterMs: 0, problem };
}

function partialSuccessOf(text: string): { rejectedSpans?: unknown; errorMessage?: unknown } {
  try {
    return JSON.parse(text)?.partialSuccess ?? {};
  } catch {
    return {}; // not JSON: there is nothing to learn from it
  }
}

/** The body; empty where it is longer than {@linkcode MAX_RESPONSE_BYTES}. */
async function beginningOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_RESPONSE_BYTES) return ""; // leaving the loop cancels the body
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

/** What fetch says of a failure: the cause has the detail where there is one. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return error.cause instanceof Error ? error.cause.message : error.message;
}
