import { LRUCache } from "lru-cache";
import type { GroupSize } from "./count.ts";
import type { CountryOf } from "./country_of.ts";
import { toMsisdn } from "./msisdn.ts";

/** How long the size of a group is remembered, in ms. */
const TTL_MS = 60_000;

/** How long it is remembered that there is no such group, in ms. */
const NO_GROUP_TTL_MS = 5_000;

/** The size of a group that does not exist. */
export const NO_GROUP: GroupSize = { members: 0, countries: new Map() };

/** Memory for the sizes that are remembered, in bytes. */
export const MAX_GROUP_CACHE_BYTES = 1024 * 1024;

/** Approximate memory of an entry, and of each country in it, in bytes. */
const ENTRY_BYTES = 400, COUNTRY_BYTES = 64;

/** The remembered sizes of the groups of a service plan. */
export interface PlanSizes {
  get(id: string): GroupSize | undefined;
  set(id: string, size: GroupSize): void;
}

/** Remembers the sizes of groups: counts by country, and no numbers. */
export class GroupSizes {
  readonly #cache: LRUCache<string, GroupSize>;
  /** Service plan → how often its sizes were forgotten; plans come from the configuration. */
  readonly #forgotten = new Map<string, number>();

  /** @param now the time in ms; default: `performance.now()` */
  constructor(now?: () => number) {
    this.#cache = new LRUCache({
      ttl: TTL_MS,
      maxSize: MAX_GROUP_CACHE_BYTES,
      sizeCalculation: ({ countries }) => ENTRY_BYTES + countries.size * COUNTRY_BYTES,
      ...now && { perf: { now }, ttlResolution: 0 },
    });
  }

  /**
   * The sizes of a plan, until they are forgotten: what is set afterwards may be older than that, and
   * is not found any more.
   *
   * @param kind tells apart what is remembered of a group
   */
  ofPlan(plan: string, kind: string): PlanSizes {
    const prefix = `${kind} ${this.#forgotten.get(plan) ?? 0} ${plan}`;
    return {
      get: (id) => this.#cache.get(`${prefix} ${id}`),
      set: (id, size) => {
        const ttl = size === NO_GROUP ? NO_GROUP_TTL_MS : TTL_MS;
        this.#cache.set(`${prefix} ${id}`, size, { ttl });
      },
    };
  }

  /** Forgets all sizes of a plan: a group that changed can be a member of others. */
  forget(plan: string): void {
    this.#forgotten.set(plan, (this.#forgotten.get(plan) ?? 0) + 1);
  }
}

/** Counts the members of a group, as the API lists them; undefined if it is no such list. */
export function sizeOf(members: unknown, countryOf: CountryOf | undefined): GroupSize | undefined {
  if (!Array.isArray(members)) return undefined;
  const countries = new Map<string, number>();
  for (const member of members) {
    const isScalar = typeof member === "string" || typeof member === "number";
    const number = isScalar ? toMsisdn(String(member)) : undefined;
    const country = (number && countryOf?.(number)) ?? "";
    countries.set(country, (countries.get(country) ?? 0) + 1);
  }
  return { members: members.length, countries };
}
