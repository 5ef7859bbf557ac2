/** A limit and what is left of it, as a caller is told. */
export interface RateLimit {
  readonly name: string;
  readonly limit: number;
  readonly left: number;
  /** Seconds until more is left. */
  readonly resetS: number;
  /** What is counted (`qu`). */
  readonly unit: string;
  /** Length of the window in seconds; absent where there is none. */
  readonly windowS?: number;
}

/** The fields of draft-ietf-httpapi-ratelimit-headers: a list with an item for each limit. */
export function rateLimitFields(limits: readonly RateLimit[]): Record<string, string> {
  return {
    "ratelimit-policy": limits.map(({ name, limit, unit, windowS }) =>
      `"${name}";q=${limit}${windowS === undefined ? "" : `;w=${windowS}`};qu="${unit}"`
    ).join(", "),
    "ratelimit": limits.map(({ name, left, resetS }) => `"${name}";r=${left};t=${resetS}`).join(
      ", ",
    ),
  };
}
