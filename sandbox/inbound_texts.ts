import * as v from "valibot";
import type { Callbacks } from "./callbacks/callbacks.ts";
import { NotFound } from "./errors.ts";
import type { Settings } from "./options.ts";
import type { Plan } from "./plan.ts";
import type { Inbound } from "./resources.ts";
import { formatTimestamp } from "./timestamps.ts";

/** Inbound messages stored per plan; beyond that the oldest are dropped. */
const MAX_INBOUNDS = 1_000;

/** `POST /sandbox/inbounds`: a text message that a phone sends to a number of the plan. */
export const ReceivedText = v.strictObject({
  /** The service plan. */
  plan: v.string(),
  from: v.string(),
  to: v.string(),
  body: v.string(),
});
/** A value of the {@linkcode ReceivedText} schema. */
export type ReceivedText = v.InferOutput<typeof ReceivedText>;

/** What receives messages. */
export interface Receivers {
  readonly plans: ReadonlyMap<string, Plan>;
  readonly settings: Settings;
  readonly callbacks: Callbacks;
}

/** Stores a received text and sends it to the callback URL. Throws a 404 for an unknown plan. */
export function receiveInbound(
  { plan: planId, ...text }: ReceivedText,
  { plans, settings, callbacks }: Receivers,
): Inbound {
  const plan = plans.get(planId);
  if (!plan) throw new NotFound();
  const now = formatTimestamp(settings.now());
  const inbound: Inbound = {
    type: "mo_text",
    ...text,
    id: settings.newId(),
    received_at: now,
    sent_at: now,
  };
  plan.inbounds.unshift(inbound);
  plan.inbounds.length = Math.min(plan.inbounds.length, MAX_INBOUNDS);
  callbacks.onInbound(plan, inbound);
  return inbound;
}
