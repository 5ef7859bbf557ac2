/** The resources of a service plan, as the sandbox stores them. */

import type * as v from "valibot";
import type { Substitutions } from "../policies/message_parts.ts";
import type { AutoUpdate, InboundResponse, SendBatchRequest } from "../schemas/mod.ts";

/**
 * A checked request, without members that are null. Sender and recipients are digits; the keys of
 * `parameters` are as they were sent, since the API returns them unchanged.
 */
export type Message = v.InferOutput<typeof SendBatchRequest>;

/** A batch with the times that decide its delivery status. */
export interface Batch {
  readonly id: string;
  message: Message;
  /** The message's `parameters`; undefined if it has none. */
  substitutions: Substitutions | undefined;
  readonly createdAtMs: number;
  modifiedAtMs: number;
  /** When sending starts: `send_at`, or the time of the request if `send_at` is not later. */
  startMs: number;
  expireAtMs: number;
  canceledAtMs?: number;
  /**
   * The recipients of a batch to groups, stored when sending has started; until then they are
   * computed from the groups for each request.
   */
  recipients?: readonly string[];
}

/** A group of recipients. */
export interface Group {
  readonly id: string;
  name?: string | undefined;
  members: Set<string>;
  childGroups: readonly string[];
  autoUpdate?: v.InferOutput<typeof AutoUpdate> | undefined;
  readonly createdAtMs: number;
  modifiedAtMs: number;
}

/** A received message. */
export type Inbound = v.InferOutput<typeof InboundResponse>;

/** The size of a stored batch, in bytes: its message, and its recipients once they are stored. */
export function batchSize({ message, recipients = [] }: Batch): number {
  return JSON.stringify(message).length + recipients.length * 16;
}
