/** A clock that stands still until it is told otherwise. */
export interface TestClock {
  /** Epoch ms; can be handed on as it is. */
  readonly now: () => number;
  /** Moves on by so many ms. */
  advance(ms: number): void;
}

/** A clock that starts at a round time. */
export function testClock(startMs = 1_800_000_000_000): TestClock {
  let time = startMs;
  return { now: () => time, advance: (ms) => void (time += ms) };
}
