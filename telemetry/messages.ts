import type { Failure } from "../errors/gateway_error.ts";

/** What became of message parts: a value of metrics. */
export type MessagesOutcome =
  /** The SMS API took them. */
  | "accepted"
  /** A budget did not have them left. */
  | "over_budget"
  /** The policy does not allow their recipients or their sender. */
  | "not_allowed"
  /** Not processed for another reason. */
  | "not_processed"
  /** Nobody knows whether they were processed. */
  | "unknown";

/** Codes of the gateway's own refusals by a policy. */
const REFUSALS: Readonly<Record<string, MessagesOutcome>> = {
  quota_exceeded: "over_budget",
  destination_not_allowed: "not_allowed",
  sender_not_allowed: "not_allowed",
};

/** What became of the message parts of a request, by its failure. */
export function messagesOutcome(failure: Failure | undefined): MessagesOutcome {
  if (!failure || failure.processed === "yes") return "accepted";
  if (failure.processed === "unknown") return "unknown";
  const isOwn = failure.origin === "gateway";
  return isOwn && REFUSALS[failure.code] || "not_processed";
}
