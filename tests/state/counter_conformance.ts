import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import {
  type Counters,
  type Reservation,
  WINDOW_MS,
  type WindowLimit,
} from "../../state/counters.ts";
import { newKey } from "./conformance.ts";

type SetClock = (now: number) => void;

/** Counters for one test. */
export interface CountersUnderTest {
  readonly counters: Counters;
  /** Another instance on the same counts, if the adapter can share them. */
  readonly other?: Counters;
  /** Sets the clock of the counters, if the adapter can have one: epoch ms. */
  readonly setClock?: SetClock;
  readonly close: () => Promise<void>;
}

interface Given {
  counters: Counters;
  other: Counters;
}

const LIMITS: readonly WindowLimit[] = [
  { unit: "minute", limit: 10 },
  { unit: "hour", limit: 20 },
  { unit: "day", limit: 30 },
];

/** Noon, so that all windows are far from their end but the minute and the hour. */
const NOON = Date.parse("2026-03-04T12:00:00Z");

function used({ windows }: Reservation): number[] {
  return windows.map((window) => window.used);
}

const PROMISES: Record<string, (given: Given) => Promise<void>> = {
  async "take an amount from every window"({ counters, other }) {
    const key = newKey();
    const first = await counters.reserve(key, { amount: 3, limits: LIMITS });
    assertEquals([first.reserved, first.exceeded, ...used(first)], [true, false, 3, 3, 3]);
    const second = await other.reserve(key, { amount: 4, limits: LIMITS });
    assertEquals([second.reserved, ...used(second)], [true, 7, 7, 7]);
  },

  async "take nothing from any window where one does not have the amount left"({ counters }) {
    const key = newKey();
    const limits = LIMITS.map((limit) => limit.unit === "hour" ? { ...limit, limit: 5 } : limit);
    await counters.reserve(key, { amount: 3, limits });
    const refused = await counters.reserve(key, { amount: 3, limits });
    assertEquals([refused.reserved, refused.exceeded, ...used(refused)], [false, true, 3, 3, 3]);
    const fits = await counters.reserve(key, { amount: 2, limits });
    assertEquals([fits.reserved, ...used(fits)], [true, 5, 5, 5]);
  },

  async "take exactly the limit of 200 concurrent reservations"({ counters, other }) {
    const key = newKey();
    const limits = [{ unit: "day", limit: 70 }, { unit: "hour", limit: 1_000 }] as const;
    const results = await Promise.all(
      Array.from(
        { length: 200 },
        (_, index) => (index % 2 ? counters : other).reserve(key, { amount: 1, limits }),
      ),
    );
    assertEquals(results.filter(({ reserved }) => reserved).length, 70);
    assertEquals(used(await counters.reserve(key, { amount: 0, limits })), [70, 70]);
  },

  async "tell what is used, and take nothing, for an amount of 0"({ counters }) {
    const key = newKey();
    assertEquals(used(await counters.reserve(key, { amount: 0, limits: LIMITS })), [0, 0, 0]);
    await counters.reserve(key, { amount: 10, limits: LIMITS });
    const told = await counters.reserve(key, { amount: 0, limits: LIMITS });
    assertEquals([told.exceeded, ...used(told)], [false, 10, 10, 10]);
  },

  async "take more than there is with force, and say so"({ counters }) {
    const key = newKey();
    await counters.reserve(key, { amount: 8, limits: LIMITS });
    const forced = await counters.reserve(key, { amount: 8, limits: LIMITS, force: true });
    assertEquals([forced.reserved, forced.exceeded, ...used(forced)], [true, true, 16, 16, 16]);
  },

  async "give back to the windows of the reservation, once what was taken"({ counters, other }) {
    const key = newKey();
    const { windows } = await counters.reserve(key, { amount: 6, limits: LIMITS });
    await counters.reserve(key, { amount: 3, limits: LIMITS });
    await other.giveBack(key, 6, windows);
    assertEquals(used(await counters.reserve(key, { amount: 0, limits: LIMITS })), [3, 3, 3]);
    await counters.giveBack(key, 6, windows);
    assertEquals(used(await other.reserve(key, { amount: 0, limits: LIMITS })), [0, 0, 0]);
  },

  async "change nothing when it is given back to windows that are over"({ counters }) {
    const key = newKey();
    const { windows } = await counters.reserve(key, { amount: 5, limits: LIMITS });
    for (const earlier of [1, 2, 3]) {
      const over = windows.map((window) => ({ ...window, index: window.index - earlier }));
      await counters.giveBack(key, 5, over);
    }
    await counters.giveBack(newKey(), 5, windows);
    assertEquals(used(await counters.reserve(key, { amount: 0, limits: LIMITS })), [5, 5, 5]);
  },

  async "count each key by itself"({ counters }) {
    const [one, two] = [newKey(), newKey()];
    await counters.reserve(one, { amount: 10, limits: LIMITS });
    assertEquals(used(await counters.reserve(two, { amount: 1, limits: LIMITS })), [1, 1, 1]);
  },

  async "apply a changed limit to what is used"({ counters }) {
    const key = newKey();
    await counters.reserve(key, { amount: 9, limits: [{ unit: "hour", limit: 10 }] });
    const less = await counters.reserve(key, { amount: 1, limits: [{ unit: "hour", limit: 5 }] });
    assertEquals([less.reserved, ...used(less)], [false, 9]);
    const more = await counters.reserve(key, { amount: 9, limits: [{ unit: "hour", limit: 18 }] });
    assertEquals([more.reserved, ...used(more)], [true, 18]);
  },

  async "keep exact counts of a thousand million"({ counters }) {
    const key = newKey();
    const limits = [{ unit: "day", limit: 1_000_000_000 }] as const;
    await counters.reserve(key, { amount: 999_999_999, limits });
    assertEquals(used(await counters.reserve(key, { amount: 1, limits })), [1_000_000_000]);
    assertEquals((await counters.reserve(key, { amount: 1, limits })).reserved, false);
  },

  async "have the windows of the UTC calendar, and say when they end"({ counters }) {
    const before = Date.now();
    const { windows } = await counters.reserve(newKey(), { amount: 1, limits: LIMITS });
    const after = Date.now();
    for (const { unit, index, resetMs } of windows) {
      const start = index * WINDOW_MS[unit];
      const now = start + WINDOW_MS[unit] - resetMs;
      assert(now >= before - 50 && now <= after + 50, `${unit}: ${now} is not ${before}`);
      assert(resetMs > 0 && resetMs <= WINDOW_MS[unit], `${unit} ends in ${resetMs} ms`);
      const iso = new Date(start).toISOString();
      assert(
        iso.endsWith({ minute: ":00.000Z", hour: ":00:00.000Z", day: "T00:00:00.000Z" }[unit]),
      );
    }
  },
};

/** Promises that only counters whose clock can be set can be held to. */
const CLOCK_PROMISES: Record<string, (given: Given & { setClock: SetClock }) => Promise<void>> = {
  async "begin a window anew when the one before is over"({ counters, setClock }) {
    const key = newKey();
    setClock(NOON - 1);
    await counters.reserve(key, { amount: 10, limits: LIMITS });
    assertEquals((await counters.reserve(key, { amount: 1, limits: LIMITS })).reserved, false);
    setClock(NOON);
    const next = await counters.reserve(key, { amount: 10, limits: LIMITS });
    assertEquals([next.reserved, ...used(next)], [true, 10, 10, 20]);
    setClock(NOON + 60_000);
    const third = await counters.reserve(key, { amount: 10, limits: LIMITS });
    assertEquals([third.reserved, ...used(third)], [true, 10, 20, 30]);
    setClock(NOON + 86_400_000);
    assertEquals(used(await counters.reserve(key, { amount: 1, limits: LIMITS })), [1, 1, 1]);
  },

  async "give back to a window that has just ended, not to the next one"({ counters, setClock }) {
    const key = newKey();
    setClock(NOON - 1);
    const { windows } = await counters.reserve(key, { amount: 6, limits: LIMITS });
    setClock(NOON);
    await counters.reserve(key, { amount: 2, limits: LIMITS });
    await counters.giveBack(key, 6, windows);
    assertEquals(used(await counters.reserve(key, { amount: 0, limits: LIMITS })), [2, 2, 2]);
  },

  async "still have the count of a window when the clock goes back to it"({ counters, setClock }) {
    const key = newKey();
    setClock(NOON - 1);
    await counters.reserve(key, { amount: 10, limits: LIMITS });
    setClock(NOON);
    await counters.reserve(key, { amount: 4, limits: LIMITS });
    setClock(NOON - 1);
    assertEquals(used(await counters.reserve(key, { amount: 0, limits: LIMITS })), [10, 10, 14]);
    setClock(NOON);
    assertEquals(used(await counters.reserve(key, { amount: 0, limits: LIMITS })), [4, 4, 14]);
  },
};

/** Options of {@linkcode testCounterConformance}. */
export interface CounterConformanceOptions {
  /** Whether the counters have `setClock`; default: true. */
  hasClock?: boolean;
}

/** Registers a test for each promise of the port (state/counters.ts). */
export function testCounterConformance(
  name: string,
  open: () => Promise<CountersUnderTest>,
  { hasClock = true }: CounterConformanceOptions = {},
): void {
  for (const [promise, run] of Object.entries(PROMISES)) {
    Deno.test(`the ${name} counters ${promise}`, async () => {
      const { counters, other = counters, setClock, close } = await open();
      if (!setClock) await minuteHasTime();
      setClock?.(Date.now());
      await run({ counters, other }).finally(close);
    });
  }
  if (!hasClock) return;
  for (const [promise, run] of Object.entries(CLOCK_PROMISES)) {
    Deno.test(`the ${name} counters ${promise}`, async () => {
      const { counters, other = counters, setClock, close } = await open();
      assert(setClock);
      await run({ counters, other, setClock }).finally(close);
    });
  }
}

/** Waits until the minute is far from its end, so that a test does not meet the next one. */
export async function minuteHasTime(): Promise<void> {
  const leftMs = WINDOW_MS.minute - Date.now() % WINDOW_MS.minute;
  if (leftMs < 3_000) await delay(leftMs);
}
