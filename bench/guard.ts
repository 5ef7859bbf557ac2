import type { Throughput } from "./measure.ts";
import { note, print } from "./print.ts";
import { ratio, type Sample } from "./report.ts";

/** The candidates of the guard: this version, and the last release, started twice. */
export const GUARD = {
  now: "gateway",
  before: "gateway-before",
  beforeAgain: "gateway-before-again",
} as const;

/** CPU time per request, as a multiple of the last release's, from which the guard fails. */
const MAX_COST = 1.1;

/** Difference between the two of the last release from which nothing can be said. */
const MAX_NOISE = 0.05;

/** How the guard ended. */
export type Verdict = "ok" | "slow" | "noisy";

/**
 * Compares the CPU time per request with that of the last release, measured in the same rounds on
 * the same core, and prints it. The last release runs twice: what it differs from itself is noise.
 */
export function judge(samples: readonly Sample<Throughput>[], load: number): Verdict {
  const efficiency = (name: string) =>
    ratio(samples, { name, load, to: GUARD.before, by: "efficiency" })?.median;
  const now = efficiency(GUARD.now);
  const again = efficiency(GUARD.beforeAgain);
  if (!now || !again) return note("The guard could not measure.") ?? "noisy";
  const [cost, noise] = [1 / now, Math.abs(1 / again - 1)];
  print(
    `\nA request costs ${cost.toFixed(3)} × the CPU time of the last release; ` +
      `the last release differs from itself by ${(noise * 100).toFixed(1)} %.`,
  );
  if (noise > MAX_NOISE) return "noisy";
  return cost > MAX_COST ? "slow" : "ok";
}
