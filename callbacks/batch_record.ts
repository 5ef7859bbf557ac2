import type { SpanContext } from "@opentelemetry/api";
import * as v from "valibot";

/** What is remembered of a batch that was sent. It tells neither its caller nor its recipients. */
export interface BatchRecord {
  /** The relay of its caller; undefined if `CALLBACKS` had none for it. */
  readonly relay: string | undefined;
  /** The SERVER span of the send. */
  readonly span: Pick<SpanContext, "traceId" | "spanId" | "traceFlags">;
  /** When the API had accepted it, in ms since the epoch. */
  readonly sentAtMs: number;
  /** Until when it is remembered, in ms since the epoch. */
  readonly untilMs: number;
  /** Whether it went to the test API: its callbacks are about messages that were not sent. */
  readonly isTest: boolean;
}

/** Version of the layout, relay or null, trace id, span id, trace flags, both times, test. */
const LAYOUT = v.tuple([
  v.literal(2),
  v.nullable(v.string()),
  v.string(),
  v.string(),
  v.number(),
  v.number(),
  v.number(),
  v.boolean(),
]);

/** Encodes a record. */
export function encodeBatchRecord(record: BatchRecord): Uint8Array {
  const { relay = null, span, sentAtMs, untilMs, isTest } = record;
  const { traceId, spanId, traceFlags } = span;
  const members = [2, relay, traceId, spanId, traceFlags & 1, sentAtMs, untilMs, isTest];
  return new TextEncoder().encode(JSON.stringify(members));
}

/** Decodes a record; undefined for a value of another version. */
export function decodeBatchRecord(value: Uint8Array): BatchRecord | undefined {
  try {
    const parsed = v.safeParse(LAYOUT, JSON.parse(new TextDecoder().decode(value)));
    if (!parsed.success) return undefined;
    const [, relay, traceId, spanId, traceFlags, sentAtMs, untilMs, isTest] = parsed.output;
    const span = { traceId, spanId, traceFlags };
    return { relay: relay ?? undefined, span, sentAtMs, untilMs, isTest };
  } catch {
    return undefined;
  }
}
