import { LRUCache } from "lru-cache";
import type { GroupSize } from "./count.ts";
import type { CountryOf } from "./country_of.ts";
import { toMsisdn } from "./msisdn.ts";

/** How long the size of a group is remembered, in ms. */
const TTL_MS = 60_000;

/** Memory for the sizes that are remembered, in bytes. */
export const MAX_GROUP_CACHE_BYTES = 1024 * 1024;

/** Approximate memory of an entry, and of each country in it, in bytes. */
const ENTRY_BYTES = 400, COUNTRY_BYTES = 64;

/** Remembers the sizes of groups: counts by country, and no numbers. */
export class GroupSizes {
  readonly #cache: LRUCache<string, GroupSize>;

  /** @param now the time in ms; default: `performance.now()` */
  constructor(now?: () => number) {
    this.#cache = new LRUCache({
      ttl: TTL_MS,
      maxSize: MAX_GROUP_CACHE_BYTES,
      sizeCalculation: ({ countries }) => ENTRY_BYTES + countries.size * COUNTRY_BYTES,
      ...now && { perf: { now }, ttlResolution: 0 },
    });
  }

  get(key: string): GroupSize | undefined {
    return this.#cache.get(key);
  }

  set(key: string, size: GroupSize): void {
    this.#cache.set(key, size);
  }
}

/** Counts the members of a group, as the API lists them; undefined if it is no such list. */
export function sizeOf(members: unknown, countryOf: CountryOf | undefined): GroupSize | undefined {
  if (!Array.isArray(members)) return undefined;
  const countries = new Map<string, number>();
  for (const member of members) {
    const number = toMsisdn(String(member));
    const country = (number && countryOf?.(number)) ?? "";
    countries.set(country, (countries.get(country) ?? 0) + 1);
  }
  return { members: members.length, countries };
}
