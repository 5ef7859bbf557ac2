import type { Config } from "../config.ts";

/** What the process keeps for all else: its log, key sets, the collector, probes. */
const RESERVED = 64;

/** Descriptors that a process has open before it listens, rounded up. */
const OPEN_AT_START = 64;

/** A request takes two: the caller's connection and the one to the API. */
const PER_REQUEST = 2;

/** Limits beyond this are not looked for: that would take too long. */
const LOOKED_FOR_AT_MOST = 8_192;

/**
 * How many file descriptors the process can open now, at most `wanted`; undefined where that
 * cannot be told.
 */
export type CountDescriptors = (wanted: number) => number | undefined;

/** What {@linkcode withinDescriptors} found. */
export interface DescriptorShortage {
  /** Descriptors that can be opened now. */
  readonly available: number;
  /** `MAX_IN_FLIGHT` as it is set. */
  readonly max_in_flight: number;
  /** What is used in its place. */
  readonly lowered_to: number;
  /** What to change. */
  readonly advice: string;
}

/**
 * The config with no more requests in flight than there are descriptors for: a request that is
 * refused is better than one whose connection cannot be accepted.
 *
 * @param onShortage told when `MAX_IN_FLIGHT` is lowered
 */
export function withinDescriptors(
  config: Config,
  countDescriptors: CountDescriptors,
  onShortage: (shortage: DescriptorShortage) => void,
): Config {
  const { inFlight } = config.limits;
  const needed = inFlight * PER_REQUEST + RESERVED;
  const wanted = Math.min(needed, LOOKED_FOR_AT_MOST);
  const available = countDescriptors(wanted) ?? wanted;
  if (available >= wanted) return config;
  const reserved = Math.min(RESERVED, Math.floor(available / 4));
  const fitting = Math.max(1, Math.floor((available - reserved) / PER_REQUEST));
  onShortage({
    available,
    max_in_flight: inFlight,
    lowered_to: fitting,
    advice: `Raise the limit of open files (ulimit -n, LimitNOFILE=, ulimits.nofile) to ${
      needed + OPEN_AT_START
    } or more, or set MAX_IN_FLIGHT to ${fitting} or less.`,
  });
  return { ...config, limits: { ...config.limits, inFlight: fitting } };
}
