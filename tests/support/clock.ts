/** A clock that only a test advances. */
export interface TestClock {
  /** Epoch ms; bound, so that it can be passed as a function. */
  readonly now: () => number;
  /** Advances the clock by this many ms. */
  advance(ms: number): void;
}

/** A clock that starts at a round time. */
export function testClock(startMs = 1_800_000_000_000): TestClock {
  let time = startMs;
  return { now: () => time, advance: (ms) => void (time += ms) };
}
