/** Magic values: request values that cause an error on purpose. The README lists them. */

import { Refusal } from "./errors.ts";
import type { Message } from "./resources.ts";

/** The only campaign that exists in the sandbox; it matches every sender. */
export const KNOWN_CAMPAIGN = "CSANDBOX";

/** A sender whose account is blocked. */
export const BLOCKED_SENDER = "BLOCKED";

/** Prefix of the identifiers of service plans that may read but not send. */
export const BLOCKED_PLAN_PREFIX = "blocked-";

/** A recipient of a number type that is illegal in the region. */
export const ILLEGAL_NUMBER = "12025550110";

/** Recipient → final delivery code of its messages, instead of 0. The numbers are fictional. */
export const FINAL_CODES: Readonly<Record<string, number>> = {
  "12025550101": 402,
  "12025550102": 404,
  "12025550103": 408,
  "12025550104": 412,
  "12025550105": 1,
  "12025550106": 9,
  "12025550107": 10,
  "12025550108": 6,
  "12025550109": 27,
};

/** Throws the 403 that a magic value stands for. */
export function refuseMagicValues(
  planId: string,
  message: Pick<Message, "from" | "to" | "campaign_id">,
): void {
  if (planId.startsWith(BLOCKED_PLAN_PREFIX) || message.from === BLOCKED_SENDER) {
    throw new Refusal("blocked_account", "Your account has been blocked.");
  }
  if (message.to.includes(ILLEGAL_NUMBER)) {
    throw new Refusal("illegal_number_type", `Illegal phone number type: ${ILLEGAL_NUMBER}.`);
  }
  if (message.campaign_id && message.campaign_id !== KNOWN_CAMPAIGN) {
    throw new Refusal("unknown_campaign", "The campaign ID does not match the originator.");
  }
}
