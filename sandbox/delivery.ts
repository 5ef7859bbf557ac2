/** The delivery status of a message, computed from the time of the request; there are no timers. */

import { FINAL_CODES } from "./magic.ts";
import type { Settings } from "./options.ts";
import { measure } from "./parts.ts";
import { textFor } from "./recipients.ts";
import type { Batch } from "./resources.ts";
import type { DELIVERY_STATUSES } from "../schemas/delivery_reports.ts";

/** A delivery status of the SMS API. */
export type DeliveryStatus = typeof DELIVERY_STATUSES[number];

/** Delivery code → status: the codes of the API, then those of operators that the sandbox uses. */
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

/** The operator tries to reach an absent subscriber until the message expires. */
const ABSENT_SUBSCRIBER = 27;

/** Codes of messages that are not finished; all others are final. */
const INTERMEDIATE: ReadonlySet<number> = new Set([400, 401]);

/** The state of a message. */
export interface DeliveryState {
  code: number;
  status: DeliveryStatus;
  /** When the message reached this state, in ms since the epoch. */
  atMs: number;
  /** Whether the operator reported the state; otherwise the API did. */
  byOperator: boolean;
  final: boolean;
}

type Timing = Pick<Settings, "now" | "dispatchAfterMs" | "deliverAfterMs">;

/** Whether the messages of `batch` have been dispatched to the operator. */
export function isDispatched(batch: Batch, timing: Timing): boolean {
  return timing.now() >= batch.startMs + timing.dispatchAfterMs;
}

/** Whether the batch was canceled before sending started: then it has no messages. */
export function neverStarted(batch: Batch): boolean {
  return batch.canceledAtMs !== undefined && batch.canceledAtMs < batch.startMs;
}

/** The state of the message to `recipient` now. */
export function stateOf(batch: Batch, recipient: string, timing: Timing): DeliveryState {
  const nowMs = timing.now();
  return toState(
    timeline(batch, recipient, timing).findLast(([, ms]) => ms <= nowMs) ??
      [400, batch.createdAtMs],
  );
}

/** The state that a message has from a point of its timeline on. */
export function toState([code, atMs]: TimelinePoint): DeliveryState {
  return {
    code,
    status: STATUS_OF_CODE[code] ?? "Unknown",
    atMs,
    byOperator: code === 401 || code < 400,
    final: !INTERMEDIATE.has(code),
  };
}

/** A delivery code, and when the message has it, in ms since the epoch. */
export type TimelinePoint = readonly [code: number, atMs: number];

/** The codes that a message passes through in order, each with its time. */
export function timeline(batch: Batch, recipient: string, timing: Timing): TimelinePoint[] {
  const queued: TimelinePoint = [400, batch.createdAtMs];
  const dispatchMs = batch.startMs + timing.dispatchAfterMs;
  if (batch.canceledAtMs !== undefined && batch.canceledAtMs < dispatchMs) {
    return [queued, [407, batch.canceledAtMs]];
  }
  if (batch.expireAtMs <= dispatchMs) return [queued, [406, batch.expireAtMs]];
  const finalCode = contentErrorOf(batch, recipient) ?? FINAL_CODES[recipient] ?? 0;
  if (STATUS_OF_CODE[finalCode] === "Aborted") return [queued, [finalCode, dispatchMs]];
  const deliverMs = dispatchMs + timing.deliverAfterMs;
  const outcome: TimelinePoint = finalCode === ABSENT_SUBSCRIBER || batch.expireAtMs <= deliverMs
    ? [ABSENT_SUBSCRIBER, batch.expireAtMs]
    : [finalCode, deliverMs];
  return [queued, [401, dispatchMs], outcome];
}

/** The code of a message that cannot be built for this recipient; undefined if it can. */
function contentErrorOf(batch: Batch, recipient: string): number | undefined {
  const { message } = batch;
  if (message.type === "mt_binary") return undefined;
  const text = textFor(batch, recipient);
  if (text === undefined) return 405;
  const limit = message.type === "mt_text" ? message.max_number_of_message_parts : undefined;
  return limit && measure(text).parts > limit ? 411 : undefined;
}
