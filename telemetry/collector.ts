import { context } from "@opentelemetry/api";
import { suppressTracing } from "@opentelemetry/core";
import type { OtlpTarget } from "../config.ts";
import { REDACTED } from "./attributes.ts";
import type { ExportProblem } from "./export_log.ts";

/** One OTLP/HTTP export request. */
export interface ExportRequest {
  target: OtlpTarget;
  /** The export request as JSON. */
  body: Uint8Array<ArrayBuffer>;
  fetch: typeof fetch;
}

/** The result of an export request. */
export interface ExportOutcome {
  /** Whether the same batch may be sent again. */
  readonly retry: boolean;
  /** Number of rejected items; `Infinity`: all of them. */
  readonly rejected: number;
  /** The delay that the collector asked for (`Retry-After`), in ms; 0 if it did not. */
  readonly retryAfterMs: number;
  /** Why items were rejected; undefined if all were accepted. */
  readonly problem?: ExportProblem;
}

/** The retryable statuses of OTLP/HTTP. */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Upper limit of `Retry-After`, in ms: the memory for waiting spans is bounded. */
const MAX_RETRY_AFTER_MS = 60_000;

/** Longest response that is read: an `ExportTraceServiceResponse` has a number and a sentence. */
const MAX_RESPONSE_BYTES = 64 * 1024;

const ACCEPTED: ExportOutcome = { retry: false, rejected: 0, retryAfterMs: 0 };

/**
 * Sends an export request and reads the response (OTLP specification, OTLP/HTTP Response). Redirects
 * are not followed, since they could lead to any host, and count as rejected. Never rejects.
 */
export async function exportJson(request: ExportRequest): Promise<ExportOutcome> {
  const outcome = await send(request);
  const { problem } = outcome;
  if (problem?.reason === undefined) return outcome;
  const reason = withoutSecrets(problem.reason, request.target);
  return { ...outcome, problem: { ...problem, reason } };
}

async function send({ target, body, fetch }: ExportRequest): Promise<ExportOutcome> {
  const { url, headers, gzip, timeoutMs } = target;
  try {
    const sent = gzip ? await gzipped(body) : body;
    const response = await context.with(suppressTracing(context.active()), () =>
      fetch(url, {
        method: "POST",
        headers: {
          ...headers,
          "content-type": "application/json",
          ...gzip && { "content-encoding": "gzip" },
        },
        body: sent,
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
      }));
    return await outcomeOf(response);
  } catch (error) {
    const problem = { message: "collector unreachable", reason: reasonOf(error) } as const;
    return { retry: true, rejected: 0, retryAfterMs: 0, problem };
  }
}

/** Shorter values of headers are no secrets, and occur in many texts. */
const MIN_SECRET_LENGTH = 4;

/**
 * A reason without what must not be logged: Deno's fetch quotes the URL with its query, and a
 * collector may quote headers and what it received.
 */
function withoutSecrets(reason: string, { url, headers }: OtlpTarget): string {
  const { href, origin, pathname } = new URL(url);
  const secrets = Object.values(headers).flatMap((value) => [value, value.replace(/^\w+ /, "")]);
  let safe = reason.replaceAll(url, origin + pathname).replaceAll(href, origin + pathname);
  for (const secret of secrets) {
    if (secret.length >= MIN_SECRET_LENGTH) safe = safe.replaceAll(secret, REDACTED);
  }
  return safe.replace(/\beyJ[\w.-]+|\d{7,}/g, REDACTED);
}

async function gzipped(body: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([body]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function outcomeOf(response: Response): Promise<ExportOutcome> {
  const { status } = response;
  if (response.ok) return await partialSuccess(response);
  await response.body?.cancel();
  const retry = RETRYABLE_STATUSES.has(status);
  return {
    retry,
    rejected: retry ? 0 : Infinity,
    retryAfterMs: retry ? retryAfterMs(response.headers) : 0,
    problem: { message: "collector refuses exports", status },
  };
}

/** `Retry-After`, in seconds or a date (RFC 9110 §10.2.3), as ms. */
function retryAfterMs(headers: Headers): number {
  const value = headers.get("retry-after") ?? "";
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return ms > 0 ? Math.min(ms, MAX_RETRY_AFTER_MS) : 0;
}

/** A successful response may say in its body that part of the batch was rejected. */
async function partialSuccess(response: Response): Promise<ExportOutcome> {
  const text = await bodyText(response).catch(() => ""); // the status already says that it was accepted
  const { errorMessage, ...counts } = partialSuccessOf(text);
  // Protobuf JSON writes an int64 as a string.
  const rejected = Number(REJECTED.map((name) => counts[name]).find(Boolean) ?? 0);
  if (!(rejected > 0)) return ACCEPTED;
  const reason = typeof errorMessage === "string" ? errorMessage : undefined;
  const problem = { message: "collector rejects part of the exports", reason } as const;
  return { retry: false, rejected, retryAfterMs: 0, problem };
}

/** What the collector rejected, by signal. */
const REJECTED = ["rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"] as const;

function partialSuccessOf(
  text: string,
): Partial<Record<typeof REJECTED[number] | "errorMessage", unknown>> {
  try {
    return JSON.parse(text)?.partialSuccess ?? {};
  } catch {
    return {}; // not JSON
  }
}

/** The body as text; empty if it is longer than {@linkcode MAX_RESPONSE_BYTES}. */
async function bodyText({ body }: Response): Promise<string> {
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

/** The message of a fetch error: its cause, if it has one, is more specific. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return error.cause instanceof Error ? error.cause.message : error.message;
}
