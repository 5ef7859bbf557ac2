/** Why there is no token; an attribute of metrics. */
export type TokenFailure =
  /** No answer in time. */
  | "timeout"
  /** No connection, or it broke. */
  | "network"
  /** 429. */
  | "rate_limited"
  /** 5xx. */
  | "server_error"
  /** Another status than 200: mostly a wrong key or secret. */
  | "refused"
  /** 200, but no usable token in the answer. */
  | "malformed"
  /** A token that is no bearer token. */
  | "token_type"
  /** Too many requests wait for a token already. */
  | "too_many_waiting";

/** There is no token. The message has fixed words, numbers and codes only; nothing of the answer. */
export class TokenError extends Error {
  override readonly name = "TokenError";

  /** @param retryAfterMs how long the token endpoint asked to wait, in ms */
  constructor(
    readonly reason: TokenFailure,
    message: string,
    readonly details: { readonly status?: number; readonly retryAfterMs?: number | undefined } = {},
  ) {
    super(message);
  }
}
