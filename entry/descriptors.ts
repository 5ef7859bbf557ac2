import type { Config } from "../config.ts";

/** Descriptors reserved for everything but requests: log, key set, collector, probes. */
const RESERVED = 64;

/** Descriptors that a process has open before it listens, rounded up. */
const OPEN_AT_START = 64;

/** Descriptors per request: the caller's connection and the one to the API. */
const PER_REQUEST = 2;

/** Maximum number of descriptors to count: counting more would take too long. */
const MAX_COUNTED = 8_192;

/**
 * Counts the file descriptors that the process can open now, up to `wanted`. Undefined if the
 * runtime cannot tell.
 */
export type CountDescriptors = (wanted: number) => number | undefined;

/** Why and how {@linkcode limitToDescriptors} lowered `MAX_IN_FLIGHT`; the members are logged. */
export interface DescriptorShortage {
  /** Descriptors that the process can open. */
  readonly available: number;
  /** `MAX_IN_FLIGHT` as configured. */
  readonly max_in_flight: number;
  /** The value used instead. */
  readonly lowered_to: number;
  /** How to fix it. */
  readonly advice: string;
}

/**
 * Lowers the number of requests in flight to what the descriptors suffice for, so that requests are
 * refused with a response and not by connections that cannot be accepted.
 *
 * @param onShortage called when `MAX_IN_FLIGHT` is lowered
 */
export function limitToDescriptors(
  config: Config,
  countDescriptors: CountDescriptors,
  onShortage: (shortage: DescriptorShortage) => void,
): Config {
  const { inFlight } = config.limits;
  const needed = inFlight * PER_REQUEST + RESERVED;
  const wanted = Math.min(needed, MAX_COUNTED);
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
