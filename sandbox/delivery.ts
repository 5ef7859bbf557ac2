/** What becomes of a message as time passes; computed when asked, so nothing runs by timer. */

import { FATES } from "./magic.ts";
import type { World } from "./options.ts";
import { measure } from "./parts.ts";
import type { Batch } from "./plan.ts";
import { textFor } from "./recipients.ts";
import type { DELIVERY_STATUSES } from "./schemas/delivery_reports.ts";

export type DeliveryStatus = typeof DELIVERY_STATUSES[number];

/** The API's own codes, then those of the operators that the sandbox can produce. */
const STATUS_OF_CODE: Readonly<Record<number, DeliveryStatus>> = {
  400: "Queued",
  401: "Dispatched",
  402: "Aborted", // message unroutable
  404: "Aborted", // temporary delivery failure
  405: "Aborted", // unmatched parameter
  406: "Aborted", // internal expiry
  407: "Cancelled",
  408: "Aborted", // internal reject
  411: "Aborted", // exceeded parts limit
  412: "Aborted", // unprovisioned region
  0: "Delivered",
  1: "Failed", // unknown subscriber
  6: "Unknown",
  9: "Rejected", // illegal subscriber
  10: "Deleted", // no translation for address
  27: "Expired", // absent subscriber
};

/** Absent subscriber: the operator keeps trying until the message expires. */
const ABSENT = 27;

/** The codes of a message on its way; all others are final. */
const INTERMEDIATE: ReadonlySet<number> = new Set([400, 401]);

/** One state of a message, and since when. */
export interface DeliveryState {
  code: number;
  status: DeliveryStatus;
  atMs: number;
  /** Whether the operator said so, rather than the API. */
  byOperator: boolean;
  final: boolean;
}

type Pace = Pick<World, "now" | "dispatchAfterMs" | "deliverAfterMs">;

/** Whether the messages of `batch` have left the API. */
export function isDispatched(batch: Batch, pace: Pace): boolean {
  return pace.now() >= batch.startMs + pace.dispatchAfterMs;
}

/** Canceled before sending started: there are no messages to report on. */
export function neverStarted(batch: Batch): boolean {
  return batch.canceledAtMs !== undefined && batch.canceledAtMs < batch.startMs;
}

/** The state of the message to `recipient` now. */
export function stateOf(batch: Batch, recipient: string, pace: Pace): DeliveryState {
  const nowMs = pace.now();
  const [code, atMs] = timeline(batch, recipient, pace).findLast(([, ms]) => ms <= nowMs) ??
    [400, batch.createdAtMs];
  return {
    code,
    status: STATUS_OF_CODE[code] ?? "Unknown",
    atMs,
    byOperator: code === 401 || code < 400,
    final: !INTERMEDIATE.has(code),
  };
}

/** The codes a message goes through, each with its moment, in order. */
function timeline(batch: Batch, recipient: string, pace: Pace): [code: number, ms: number][] {
  const queued: [number, number] = [400, batch.createdAtMs];
  const dispatchMs = batch.startMs + pace.dispatchAfterMs;
  if (batch.canceledAtMs !== undefined && batch.canceledAtMs < dispatchMs) {
    return [queued, [407, batch.canceledAtMs]];
  }
  if (batch.expireAtMs <= dispatchMs) return [queued, [406, batch.expireAtMs]];
  const fate = refusedBecause(batch, recipient) ?? FATES[recipient] ?? 0;
  if (STATUS_OF_CODE[fate] === "Aborted") return [queued, [fate, dispatchMs]];
  const deliverMs = dispatchMs + pace.deliverAfterMs;
  const outcome: [number, number] = fate === ABSENT || batch.expireAtMs <= deliverMs
    ? [ABSENT, batch.expireAtMs]
    : [fate, deliverMs];
  return [queued, [401, dispatchMs], outcome];
}

/** The code of a message that cannot be made for this recipient, if so. */
function refusedBecause(batch: Batch, recipient: string): number | undefined {
  const { message } = batch;
  if (message.type === "mt_binary") return undefined;
  const text = textFor(batch, recipient);
  if (text === undefined) return 405;
  const limit = message.type === "mt_text" ? message.max_number_of_message_parts : undefined;
  return limit && measure(text).parts > limit ? 411 : undefined;
}
