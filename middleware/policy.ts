import type { Context } from "hono";
import { GatewayError } from "../errors/gateway_error.ts";
import type { Exchange, GatewayEnv } from "../exchange.ts";
import { changed } from "../policies/change.ts";
import { added, countMessage, type Counts, type GroupSize } from "../policies/count.ts";
import type { CountryOf } from "../policies/country_of.ts";
import { NO_GROUP } from "../policies/group_sizes.ts";
import { type MessageBody, type ReadMessage, readMessage } from "../policies/message.ts";
import { JUDGED, type JudgedOperation } from "../policies/operations.ts";
import type { Policies } from "../policies/policies.ts";
import type { MessageViolation, Policy } from "../policies/policy.ts";
import { readRecipients, type Recipients } from "../policies/recipients.ts";
import { refusal } from "../policies/refusal.ts";
import { hasRules, violationsOf } from "../policies/violations.ts";
import { TooLarge } from "./bounded_lookups.ts";
import type { PolicyLookups } from "./policy_lookups.ts";

/** A message, its policy and how it is judged. */
interface Case extends ReadMessage {
  readonly policy: Policy;
  readonly operation: JudgedOperation;
  /** Those that the request itself names. */
  readonly recipients: Recipients;
}

/** What the SMS API was asked for a case. */
interface LookedUp {
  readonly sizes: ReadonlyMap<string, GroupSize>;
  /** The batch before it is changed. */
  readonly batch?: MessageBody | undefined;
  readonly violations?: readonly MessageViolation[];
}

const NOTHING: Counts = { recipients: 0, parts: 0, messages: 0, countries: new Map() };
const NOTHING_NEEDED: LookedUp = { sizes: new Map() };

/** Finds the policy of the caller, and sets `exchange.policy` (contract.md §7). */
export function matchPolicy(exchange: Exchange, policies: Policies): void {
  const policy = policies.match(exchange.principal?.subject);
  if (policy) exchange.policy = { policy, ...NOTHING, violations: [] };
}

/** Loads the numbering plans of all countries, which only policies with `countries` need. */
export async function loadCountryOf(): Promise<CountryOf> {
  return (await import("../policies/country_of.ts")).countryOf;
}

/** Judges messages by the policies of their callers (contract.md §7). */
export class PolicyJudge {
  readonly #lookups: PolicyLookups;
  #countryOf: CountryOf | undefined;

  constructor(lookups: PolicyLookups) {
    this.#lookups = lookups;
  }

  /** Called when a request has been sent, whatever became of it. */
  sent(exchange: Exchange): void {
    this.#lookups.sent(exchange);
  }

  /**
   * Counts the message of a request into `exchange.policy`. Returns a promise only where something
   * has to be awaited.
   *
   * @throws {GatewayError} for a message that the policy does not allow, unless its mode is `warn`;
   * 503 if the SMS API does not tell what is needed to judge it
   */
  judge(c: Context<GatewayEnv>): void | Promise<void> {
    const exchange = c.get("exchange");
    const operation = exchange.operation && JUDGED[exchange.operation.id];
    if (!exchange.policy || !operation || !exchange.body) return;
    const { policy } = exchange.policy;
    const read = readMessage(exchange.body);
    const recipients = readRecipients(read.message?.to, read.message?.to_add);
    const message = { policy, operation, ...read, recipients };
    const isReady = !policy.countries || this.#countryOf !== undefined;
    const hasGroups = needsGroups(policy) && recipients.groups.size > 0;
    if (!isReady || hasGroups || needsBatch(message)) {
      return this.#judgeLater(c, message);
    }
    this.#conclude(exchange, message, NOTHING_NEEDED);
  }

  async #judgeLater(c: Context<GatewayEnv>, message: Case): Promise<void> {
    if (message.policy.countries) this.#countryOf ??= await loadCountryOf();
    this.#conclude(c.get("exchange"), message, await this.#lookUp(c, message));
  }

  /** In the mode `warn` a request is also sent if the SMS API does not tell what it has. */
  async #lookUp(c: Context<GatewayEnv>, message: Case): Promise<LookedUp> {
    const isSizeNeeded = needsGroups(message.policy);
    const groups = new Set(isSizeNeeded ? message.recipients.groups : []);
    let batch: MessageBody | undefined;
    try {
      batch = needsBatch(message) ? await this.#lookups.batch(c) : undefined;
      if (isSizeNeeded) { for (const id of readRecipients(batch?.to).groups) groups.add(id); }
      return { batch, sizes: await this.#lookups.groupSizes(c, groups, this.#countryOf) };
    } catch (error) {
      const isTooLarge = error instanceof TooLarge;
      const isIgnored = message.policy.mode === "warn" && error instanceof GatewayError;
      if (!isTooLarge && !isIgnored) throw error;
      const sizes = new Map([...groups].map((id) => [id, NO_GROUP] as const));
      return { batch, sizes, violations: isTooLarge ? ["group_size"] : [] };
    }
  }

  #conclude(exchange: Exchange, message: Case, { sizes, batch, violations = [] }: LookedUp): void {
    const { policy, operation: { isNew, bills } } = message;
    const options = { policy, countryOf: this.#countryOf, groups: sizes };
    const body = message.message ?? {};
    const [whole, recipients] = batch
      ? changed(batch, body, { isNew })
      : [body, message.recipients];
    const counts = countMessage(whole, recipients, options);
    const judged = {
      ...message,
      ...message.message && { message: whole },
      recipients,
      counts,
      isNew: isNew || batch !== undefined,
    };
    const found = [...violationsOf(policy, judged), ...violations];
    const billed = batch
      ? added(counts, countMessage(batch, readRecipients(batch.to), options))
      : counts;
    const free = bills === "none" && { messages: 0, countries: NOTHING.countries };
    exchange.policy = { policy, ...billed, ...free, violations: found };
    const [first] = found;
    if (first && policy.mode !== "warn") throw refusal(policy, first);
  }
}

/** Members of groups matter for countries and budgets, unless groups are refused anyway. */
function needsGroups({ countries, messages, groups, mode }: Policy): boolean {
  return Boolean(countries ?? messages) && (groups || mode === "warn");
}

/**
 * What a change adds to a batch is known only by what the batch is. An update is judged with the
 * rest of the batch, which another caller may have sent.
 */
function needsBatch({ policy, operation }: Case): boolean {
  if (operation.bills !== "added") return false;
  return policy.messages !== undefined || (!operation.isNew && hasRules(policy));
}
