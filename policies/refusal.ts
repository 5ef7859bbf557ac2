import type { CatalogCode } from "../errors/catalog.ts";
import { GatewayError } from "../errors/gateway_error.ts";
import type { MessageViolation, Policy } from "./policy.ts";

/** Countries that a text names; further ones are left out. */
const MAX_NAMED = 20;

interface Refusal {
  readonly code: CatalogCode;
  /** What the rule is, and what to do. No values of the request: it may have numbers. */
  readonly text: (policy: Policy) => string;
}

/** Violation → answer (contract.md §7). */
const REFUSALS: Readonly<Record<MessageViolation, Refusal>> = {
  body: {
    code: "syntax_invalid_json",
    text: () =>
      "The body has a member twice or in another case (such as To), something after the object, or another encoding than UTF-8, so it cannot be judged by your policy. Write every member once, in lower case, nothing after the object, in UTF-8.",
  },
  sender: {
    code: "sender_not_allowed",
    text: ({ name }) =>
      `The policy ${name} allows certain senders only, and from is not one of them or is missing. Set from to a sender that the policy allows.`,
  },
  groups: {
    code: "destination_not_allowed",
    text: ({ name }) =>
      `The policy ${name} does not allow groups. Send to the phone numbers of the members.`,
  },
  group_size: {
    code: "destination_not_allowed",
    text: ({ name }) =>
      `The policy ${name} judges every member of a group, and these groups, with those of a batch that is changed, are too large or too many for one request. Send to fewer or smaller groups; of a batch that has too many, send the rest as another batch.`,
  },
  country: {
    code: "destination_not_allowed",
    text: ({ name, countries = new Set() }) =>
      `The policy ${name} allows recipients in certain countries only (${
        listed([...countries])
      }). At least one recipient, or member of a group, is in another country, or its number does not tell the country. Write numbers in international format, and leave out those of other countries.`,
  },
};

/** The error for a request that breaks a rule; it was not sent. */
export function refusal(policy: Policy, violation: MessageViolation): GatewayError {
  const { code, text } = REFUSALS[violation];
  return new GatewayError(code, { text: `${text(policy)} Nothing was sent.` });
}

function listed(countries: readonly string[]): string {
  const named = countries.slice(0, MAX_NAMED).join(", ");
  return countries.length > MAX_NAMED ? `${named} and others` : named;
}
