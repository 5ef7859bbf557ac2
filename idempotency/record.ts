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

/** First character of every record; another layout gets another one. */
const VERSION = "1";

const KINDS = ["pending", "unknown", "answered"] as const satisfies RecordedOutcome["kind"][];

/** Version, kind and trace flags of one character each, trace id, span id: ASCII. */
const HEAD = /^1([0-2])([01])([0-9a-f]{32})([0-9a-f]{16})$/;
const HEAD_BYTES = 51;
const PAYLOAD_AT = HEAD_BYTES + FINGERPRINT_BYTES;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Encodes a record: {@linkcode HEAD}, fingerprint, payload. */
export function encodeRecord({ fingerprint, span, outcome }: IdempotencyRecord): Uint8Array {
  const payload = payloadOf(outcome);
  const bytes = new Uint8Array(PAYLOAD_AT + payload.byteLength);
  const { traceId, spanId, traceFlags } = span;
  const kind = KINDS.indexOf(outcome.kind);
  encoder.encodeInto(`${VERSION}${kind}${traceFlags & 1}${traceId}${spanId}`, bytes);
  bytes.set(fingerprint, HEAD_BYTES);
  bytes.set(payload, PAYLOAD_AT);
  return bytes;
}

/** Decodes a record; undefined for a value of another version. */
export function decodeRecord(value: Uint8Array): IdempotencyRecord | undefined {
  const head = HEAD.exec(decoder.decode(value.subarray(0, HEAD_BYTES)));
  if (!head || value.byteLength < PAYLOAD_AT) return undefined;
  const [, kind, flags, traceId = "", spanId = ""] = head;
  return {
    fingerprint: value.subarray(HEAD_BYTES, PAYLOAD_AT),
    span: { traceId, spanId, traceFlags: Number(flags) },
    outcome: outcomeOf(KINDS[Number(kind)] ?? "pending", value.subarray(PAYLOAD_AT)),
  };
}

function payloadOf(outcome: RecordedOutcome): Uint8Array {
  if (outcome.kind === "answered") return outcome.sealed;
  return encoder.encode(outcome.kind === "unknown" ? outcome.code : "");
}

function outcomeOf(kind: RecordedOutcome["kind"], payload: Uint8Array): RecordedOutcome {
  if (kind === "answered") return { kind, sealed: payload };
  return kind === "unknown" ? { kind, code: decoder.decode(payload) } : { kind };
}
