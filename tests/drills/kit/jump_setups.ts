import type { Ending } from "./keyed_post.ts";
import { memoryStore, redisStore, sqliteStore, type StartStore } from "./state_stores.ts";

/** How repeats of a listed message and of one without a reference end. */
type Endings = readonly [listed: Ending, withoutReference: Ending];

/** A store whose claims a clock that jumps must not free, and how repeats may end. */
export interface JumpSetup {
  readonly name: string;
  readonly start: StartStore;
  /** Whether the clock of the store's server jumps, instead of the gateway's. */
  readonly jumpsInStore?: true;
  /** Whether the gateway is killed while the first requests are under way. */
  readonly isKilled: boolean;
  /**
   * Far less than the jump, where the clock does not matter; default: a day. A server or a file
   * cannot tell a clock that is set forward from time that has passed.
   */
  readonly ttlS?: number;
  /** After the jump, with the first requests under way. */
  "at once"(offsetS: number): readonly Endings[];
  /** When the first requests have ended, or the lease of the killed gateway has. */
  afterwards(offsetS: number): readonly Endings[];
}

const IN_USE: Endings = ["409", "409"];
const FOUND_OUT: Endings = ["replayed", "unknown"];
const UNKNOWN: Endings = ["unknown", "unknown"];

/**
 * A claim from the future has no age, so that a batch from before the repeat may be another's. Then
 * nothing is found out.
 */
function foundOutUnlessBack(offsetS: number): readonly Endings[] {
  return offsetS > 0 ? [FOUND_OUT] : [FOUND_OUT, UNKNOWN];
}

const SHORT_TTL_S = 60;
const monotonic = { "at once": () => [IN_USE], afterwards: () => [FOUND_OUT], ttlS: SHORT_TTL_S };

/** Every store, and every clock that one has. */
export const JUMP_SETUPS: readonly JumpSetup[] = [
  { name: "memory", start: memoryStore, isKilled: false, ...monotonic },
  { name: "SQLite", start: sqliteStore, isKilled: false, ...monotonic },
  { name: "Redis", start: redisStore, isKilled: true, ...monotonic },
  {
    name: "SQLite, killed",
    start: sqliteStore,
    isKilled: true,
    "at once": () => [IN_USE],
    afterwards: foundOutUnlessBack,
  },
  {
    name: "the clock of Redis",
    start: redisStore,
    jumpsInStore: true,
    isKilled: true,
    "at once": foundOutUnlessBack,
    afterwards: foundOutUnlessBack,
  },
];
