import { Buffer } from "node:buffer";
import type { SpanContext } from "@opentelemetry/api";
import { FINGERPRINT_BYTES } from "./request_keys.ts";

/** What is known of the outcome of the first request with a key. */
export type RecordedOutcome =
  /** It is under way, or its gateway died. */
  | { readonly kind: "pending" }
  /** It was sent, and nobody knows whether it was processed; the code of the first answer. */
  | { readonly kind: "unknown"; readonly code: string }
  /** It was answered 2xx; see seal.ts. */
  | { readonly kind: "answered"; readonly sealed: Uint8Array };

/** The value of a record in the store. Nothing in it tells the key, the caller, body or answer. */
export interface IdempotencyRecord {
  readonly fingerprint: Uint8Array;
  /** The SERVER span of the first request. */
  readonly span: Pick<SpanContext, "traceId" | "spanId" | "traceFlags">;
  readonly outcome: RecordedOutcome;
}

/** First byte of every record; another layout gets another number. */
const VERSION = 1;

const KINDS = ["pending", "unknown", "answered"] as const satisfies RecordedOutcome["kind"][];

const FINGERPRINT_AT = 2;
const TRACE_ID_AT = FINGERPRINT_AT + FINGERPRINT_BYTES;
const SPAN_ID_AT = TRACE_ID_AT + 16;
const FLAGS_AT = SPAN_ID_AT + 8;
const PAYLOAD_AT = FLAGS_AT + 1;

/** Encodes a record: version, kind, fingerprint, trace id, span id, trace flags, payload. */
export function encodeRecord({ fingerprint, span, outcome }: IdempotencyRecord): Uint8Array {
  const payload = payloadOf(outcome);
  const bytes = Buffer.alloc(PAYLOAD_AT + payload.byteLength);
  bytes[0] = VERSION;
  bytes[1] = KINDS.indexOf(outcome.kind);
  bytes.set(fingerprint, FINGERPRINT_AT);
  bytes.write(span.traceId, TRACE_ID_AT, "hex");
  bytes.write(span.spanId, SPAN_ID_AT, "hex");
  bytes[FLAGS_AT] = span.traceFlags;
  bytes.set(payload, PAYLOAD_AT);
  return bytes;
}

/** Decodes a record; undefined for a value of another version. */
export function decodeRecord(value: Uint8Array): IdempotencyRecord | undefined {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const kind = KINDS[bytes[1] ?? -1];
  if (bytes[0] !== VERSION || kind === undefined || bytes.length < PAYLOAD_AT) return undefined;
  return {
    fingerprint: bytes.subarray(FINGERPRINT_AT, TRACE_ID_AT),
    span: {
      traceId: bytes.toString("hex", TRACE_ID_AT, SPAN_ID_AT),
      spanId: bytes.toString("hex", SPAN_ID_AT, FLAGS_AT),
      traceFlags: bytes[FLAGS_AT] ?? 0,
    },
    outcome: outcomeOf(kind, bytes.subarray(PAYLOAD_AT)),
  };
}

function payloadOf(outcome: RecordedOutcome): Uint8Array {
  if (outcome.kind === "answered") return outcome.sealed;
  return Buffer.from(outcome.kind === "unknown" ? outcome.code : "", "latin1");
}

function outcomeOf(kind: RecordedOutcome["kind"], payload: Buffer): RecordedOutcome {
  if (kind === "answered") return { kind, sealed: payload };
  return kind === "unknown" ? { kind, code: payload.toString("latin1") } : { kind };
}
