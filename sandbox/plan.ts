/** What the sandbox stores for one service plan. Plans are isolated from each other. */

import { BoundedStore } from "./bounded_store.ts";
import { seedInbounds } from "./inbound_seeds.ts";
import type { Settings } from "./options.ts";
import type { Batch, Group, Inbound } from "./resources.ts";

/** A service plan and its resources. */
export interface Plan {
  readonly id: string;
  readonly token: string;
  /** Callback URL for batches without a `callback_url`; undefined if the plan has none. */
  defaultCallbackUrl: string | undefined;
  readonly batches: BoundedStore<Batch>;
  readonly groups: BoundedStore<Group>;
  /** Group name → identifier; names are unique. */
  readonly groupNames: Map<string, string>;
  /** Identifiers of batches to groups whose recipients are not stored yet; see `recipients.ts`. */
  readonly unresolvedBatches: Set<string>;
  /** Newest first. */
  readonly inbounds: Inbound[];
}

/** Memory for the batches of one plan, in bytes of the requests that made them. */
const MAX_BATCH_BYTES = 64 * 1024 * 1024;

/** Memory for the groups of one plan, in members. */
const MAX_GROUP_MEMBERS = 1_000_000;

/** A service plan without batches or groups, with the seeded inbound messages. */
export function createPlan(id: string, token: string, settings: Settings): Plan {
  const groupNames = new Map<string, string>();
  const unresolvedBatches = new Set<string>();
  return {
    id,
    token,
    defaultCallbackUrl: new Map(Object.entries(settings.defaultCallbackUrls)).get(id),
    groupNames,
    unresolvedBatches,
    batches: new BoundedStore<Batch>({
      maxEntries: settings.maxBatches,
      maxWeight: MAX_BATCH_BYTES,
      onDrop: (batch) => unresolvedBatches.delete(batch.id),
    }),
    groups: new BoundedStore<Group>({
      maxEntries: settings.maxGroups,
      maxWeight: MAX_GROUP_MEMBERS,
      onDrop: (group) => group.name !== undefined && groupNames.delete(group.name),
    }),
    inbounds: [...seedInbounds(settings)],
  };
}
