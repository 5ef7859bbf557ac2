/** What the sandbox remembers of one service plan; plans see nothing of each other. */

import type * as v from "valibot";
import { BoundedStore } from "./bounded_store.ts";
import { seedInbounds } from "./inbound_seeds.ts";
import type { World } from "./options.ts";
import type { AutoUpdate, InboundResponse, SendBatchRequest } from "./schemas/mod.ts";

/**
 * A checked request, without members that are null. Sender and recipients are digits; the keys of
 * `parameters` are as they were sent, since the API returns them so.
 */
export type Message = v.InferOutput<typeof SendBatchRequest>;

/** Parameter name → recipient as digits, or `default` → the text that takes its place. */
export type Substitutions = ReadonlyMap<string, ReadonlyMap<string, string>>;

export interface Batch {
  readonly id: string;
  message: Message;
  /** The message's `parameters`; undefined if it has none, and its text is sent as it is. */
  substitutions: Substitutions | undefined;
  readonly createdAtMs: number;
  modifiedAtMs: number;
  /** When sending starts: `send_at`, or at once if that is not in the future. */
  startMs: number;
  expireAtMs: number;
  canceledAtMs?: number;
  /** Whom the groups meant when sending started; before that they are asked each time. */
  recipients?: readonly string[];
}

export interface Group {
  readonly id: string;
  name?: string | undefined;
  members: Set<string>;
  childGroups: readonly string[];
  autoUpdate?: v.InferOutput<typeof AutoUpdate> | undefined;
  readonly createdAtMs: number;
  modifiedAtMs: number;
}

export type Inbound = v.InferOutput<typeof InboundResponse>;

export interface Plan {
  readonly id: string;
  readonly token: string;
  /** Where delivery reports go for batches without a `callback_url`; undefined if nowhere. */
  readonly defaultCallbackUrl: string | undefined;
  readonly batches: BoundedStore<Batch>;
  readonly groups: BoundedStore<Group>;
  /** Group name → identifier: a name is used once. */
  readonly groupNames: Map<string, string>;
  /** Batches to groups whose sending has not started; see `recipients.ts`. */
  readonly waiting: Set<string>;
  readonly inbounds: readonly Inbound[];
}

/** Memory for the batches of one plan, in bytes of the requests that made them. */
const MAX_BATCH_BYTES = 64 * 1024 * 1024;

/** Memory for the groups of one plan, in members. */
const MAX_GROUP_MEMBERS = 1_000_000;

/** What remembering `batch` costs, in bytes: its message, and its recipients once they are fixed. */
export function weigh({ message, recipients = [] }: Batch): number {
  return JSON.stringify(message).length + recipients.length * 16;
}

/** An empty service plan with the seeded inbound messages. */
export function createPlan(id: string, token: string, world: World): Plan {
  const groupNames = new Map<string, string>();
  const waiting = new Set<string>();
  return {
    id,
    token,
    defaultCallbackUrl: new Map(Object.entries(world.defaultCallbackUrls)).get(id),
    groupNames,
    waiting,
    batches: new BoundedStore<Batch>({
      maxEntries: world.maxBatches,
      maxWeight: MAX_BATCH_BYTES,
      onDrop: (batch) => waiting.delete(batch.id),
    }),
    groups: new BoundedStore<Group>({
      maxEntries: world.maxGroups,
      maxWeight: MAX_GROUP_MEMBERS,
      onDrop: (group) => group.name !== undefined && groupNames.delete(group.name),
    }),
    inbounds: seedInbounds(world),
  };
}
