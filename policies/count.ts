import type { CountryOf } from "./country_of.ts";
import type { MessageBody } from "./message.ts";
import { PartCounter } from "./part_counter.ts";
import type { Policy } from "./policy.ts";
import type { Recipients } from "./recipients.ts";

/** How many members a group has, and in which countries; it has no numbers. */
export interface GroupSize {
  readonly members: number;
  /** Country → members; `""` for those whose country is not certain. */
  readonly countries: ReadonlyMap<string, number>;
}

/** The recipients and message parts of a message; see `AppliedPolicy`. */
export interface Counts {
  readonly recipients: number;
  readonly parts: number;
  readonly messages: number;
  readonly countries: ReadonlyMap<string, number>;
}

/** What is needed to count a message. */
export interface CountOptions {
  readonly policy: Policy;
  /** Needed if the policy names countries. */
  readonly countryOf: CountryOf | undefined;
  /** Group id → size. A group without one counts as a single recipient. */
  readonly groups: ReadonlyMap<string, GroupSize>;
}

/** Counts for numbers outside of the countries that a policy names. */
export const OTHER = "other";

/** Counts the message parts of a message to `recipients`, by country. */
export function countMessage(
  message: MessageBody,
  { numbers, groups, unreadable }: Recipients,
  { policy, countryOf, groups: sizes }: CountOptions,
): Counts {
  const counter = new PartCounter(message);
  const countries = new Map<string, number>();
  let [recipients, parts, messages] = [0, 0, 0];
  const add = (country: string | undefined, members: number, partsOfEach: number) => {
    const label = country && policy.countries?.has(country) ? country : OTHER;
    countries.set(label, (countries.get(label) ?? 0) + members * partsOfEach);
    recipients += members;
    messages += members * partsOfEach;
    parts = Math.max(parts, partsOfEach);
  };
  for (const number of numbers) add(countryOf?.(number), 1, counter.partsFor(number));
  for (const id of groups) {
    const size = sizes.get(id);
    if (!size) add(undefined, 1, counter.most());
    for (const [country, members] of size?.countries ?? []) add(country, members, counter.most());
  }
  if (unreadable > 0) add(undefined, unreadable, counter.most());
  return { recipients, parts, messages, countries };
}

/** What a change adds to what was counted before, by country. */
export function added(after: Counts, before: Counts): Counts {
  const countries = new Map<string, number>();
  let messages = 0;
  for (const [country, parts] of after.countries) {
    const more = Math.max(0, parts - (before.countries.get(country) ?? 0));
    if (more > 0) countries.set(country, more);
    messages += more;
  }
  return { ...after, messages, countries };
}
