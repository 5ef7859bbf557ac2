import { decodeTime } from "@std/ulid";
import type { CallbackSettings, RelaySettings } from "../callback_settings.ts";
import type { BatchRecord } from "./batch_record.ts";
import type { CallbackEvent, InboundAddress } from "./event.ts";

/** Which service takes a callback. */
export type RelayChoice =
  | { readonly relay: RelaySettings }
  /** Its batch is not remembered, and so new that it may be. */
  | "too_early"
  /** `CALLBACKS` has no relay for it. */
  | "no_relay";

/**
 * Time from the creation of a batch until it is remembered: longer than a send whose answer was lost
 * takes until it is repeated and found out, and than most outages of the store. The API repeats a
 * callback after 5, 15, 35, 75, 155, 315 and 635 s. It is at most half of `max_age_s`: of each two
 * repeats one would come later than that, and it may have the signature of the first attempt.
 */
const REMEMBERED_WITHIN_MS = 600_000;

/** The name of the relay of a caller: of the first whose `callers` has it. */
export function relayOfCaller(
  { relays }: CallbackSettings,
  subject: string | undefined,
): string | undefined {
  if (subject === undefined) return undefined;
  return relays.find(({ callers = [] }) => callers.some((caller) => isCaller(caller, subject)))
    ?.name;
}

/** Chooses the service of a callback: by its batch, or as an inbound message. */
export function chooseRelay(
  settings: CallbackSettings,
  event: CallbackEvent,
  { batch, nowMs }: { batch: BatchRecord | undefined; nowMs: number },
): RelayChoice {
  const { inbound, batchId } = event;
  const rule = inbound && settings.inbound.find((one) => matches(one, inbound));
  const name = rule?.relay ?? batch?.relay;
  const chosen = settings.relays.find((relay) => relay.name === name);
  if (chosen) return { relay: chosen };
  if (batchId !== undefined && !batch && isNew(batchId, nowMs, settings)) return "too_early";
  const fallback = settings.relays.find((relay) => relay.name === settings.default);
  return fallback ? { relay: fallback } : "no_relay";
}

/** `*` at the end is a prefix match. */
function isCaller(caller: string, subject: string): boolean {
  return caller.endsWith("*") ? subject.startsWith(caller.slice(0, -1)) : subject === caller;
}

function matches(
  { to, keyword }: CallbackSettings["inbound"][number],
  inbound: InboundAddress,
): boolean {
  if (to !== undefined && to !== inbound.to) return false;
  return keyword === undefined || keyword.toUpperCase() === inbound.keyword;
}

/** Ids of the API are ULIDs, which begin with the time. */
function isNew(batchId: string, nowMs: number, settings: CallbackSettings): boolean {
  const withinMs = Math.min(REMEMBERED_WITHIN_MS, 1_000 * settings.max_age_s / 2);
  try {
    return Math.abs(nowMs - decodeTime(batchId)) < withinMs;
  } catch {
    return false;
  }
}
