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
}

/** Version of the layout, relay or null, trace id, span id, trace flags, time. */
const LAYOUT = v.tuple([
  v.literal(1),
  v.nullable(v.string()),
  v.string(),
  v.string(),
  v.number(),
  v.number(),
]);

/** Encodes a record. */
export function encodeBatchRecord({ relay, span, sentAtMs }: BatchRecord): Uint8Array {
  const { traceId, spanId, traceFlags } = span;
  const members = [1, relay ?? null, traceId, spanId, traceFlags & 1, sentAtMs];
  return new TextEncoder().encode(JSON.stringify(members));
}

/** Decodes a record; undefined for a value of another version. */
export function decodeBatchRecord(value: Uint8Array): BatchRecord | undefined {
  try {
    const parsed = v.safeParse(LAYOUT, JSON.parse(new TextDecoder().decode(value)));
    if (!parsed.success) return undefined;
    const [, relay, traceId, spanId, traceFlags, sentAtMs] = parsed.output;
    return { relay: relay ?? undefined, span: { traceId, spanId, traceFlags }, sentAtMs };
  } catch {
    return undefined;
  }
}
