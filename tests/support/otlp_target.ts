import type { OtlpTarget } from "../../config.ts";

/** A collector's endpoint without headers. */
export function otlpTarget(url: string, differences: Partial<OtlpTarget> = {}): OtlpTarget {
  return { url, headers: {}, gzip: false, timeoutMs: 10_000, ...differences };
}
