import { type Counts, OTHER } from "./count.ts";
import { type MessageBody, type ReadMessage, scalarText } from "./message.ts";
import { toSender } from "./msisdn.ts";
import type { MessageViolation, Policy } from "./policy.ts";
import type { Recipients } from "./recipients.ts";

/** A message and how it was counted. */
export interface JudgedMessage extends ReadMessage {
  /** Its recipients, and their counts. */
  readonly recipients: Recipients;
  readonly counts: Counts;
  /** Whether an absent `from` means that the SMS API chooses the sender; else it is unchanged. */
  readonly isNew: boolean;
}

/** Every rule of the policy that a message breaks, but for budgets. */
export function violationsOf(policy: Policy, judged: JudgedMessage): MessageViolation[] {
  const { message, isAmbiguous, recipients, counts } = judged;
  const { countries, senders, groups } = policy;
  const rules: readonly (readonly [MessageViolation, boolean])[] = [
    ["body", isAmbiguous && hasRules(policy)],
    [
      "sender",
      senders !== undefined && message !== undefined && !isAllowed(message, senders, judged),
    ],
    ["groups", !groups && recipients.groups.size > 0],
    ["country", countries !== undefined && counts.countries.has(OTHER)],
  ];
  return rules.filter(([, isBroken]) => isBroken).map(([violation]) => violation);
}

/** Whether a policy has more than a mode. */
export function hasRules({ countries, senders, messages, groups }: Policy): boolean {
  return Boolean(countries ?? senders ?? messages) || !groups;
}

function isAllowed(
  { from }: MessageBody,
  senders: ReadonlySet<string>,
  { isNew }: JudgedMessage,
): boolean {
  if (from === undefined) return !isNew;
  const text = scalarText(from);
  return text !== undefined && senders.has(toSender(text) ?? text);
}
