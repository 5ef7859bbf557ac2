import { GatewayError } from "../errors/gateway_error.ts";
import { MIN_AVERAGE_BYTES } from "./small_chunks.ts";

/** The body did not arrive whole, or not in time: the same request may succeed later. */
export class IncompleteBodyError extends GatewayError {
  constructor(text: string, cause?: unknown) {
    super("syntax_constraint_violation", { text, cause });
  }
}

/** The body is larger than `maxBytes`. */
export function bodyTooLarge(maxBytes: number): GatewayError {
  return new GatewayError("syntax_constraint_violation", {
    text:
      `The request body is over the maximum allowed length of ${maxBytes} bytes. Send fewer recipients per batch, or a shorter message.`,
  });
}

/** The body was sent in too many small chunks. */
export function tooManySmallChunks(): GatewayError {
  return new IncompleteBodyError(
    `The request body came in too many pieces of less than ${MIN_AVERAGE_BYTES} bytes. Send it in larger chunks or frames, for example of 1,400 bytes or more.`,
  );
}

/** The length of the body differs from its `Content-Length`. */
export function lengthMismatch(): GatewayError {
  return new IncompleteBodyError(
    "The request body is not as long as its Content-Length. Send it whole.",
  );
}

/** The body did not arrive within `timeoutMs`. */
export function bodyTimeout(timeoutMs: number): GatewayError {
  return new IncompleteBodyError(
    `The request body did not arrive within ${timeoutMs} ms. Send it in one go.`,
  );
}

/** The caller ended the body early; a `GatewayError` as `cause` is returned unchanged. */
export function bodyAborted(cause?: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  return new IncompleteBodyError(
    "The request body broke off before its announced end. Send it whole.",
    cause,
  );
}

/** The bodies of all requests use too much memory. */
export function tooManyHeldBytes(): GatewayError {
  return new GatewayError("overloaded", {
    text:
      "The gateway holds too many request bodies; the request was not processed. Try again after Retry-After.",
  });
}

/**
 * The gateway stopped reading because the process is shutting down, or connections with unread
 * bodies are closed, which is not the caller's fault; a `GatewayError` as `cause` is returned
 * unchanged.
 */
export function notAwaited(cause?: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  return new GatewayError("overloaded", {
    text:
      "The gateway did not wait for the whole request body; the request was not processed. Try again after Retry-After.",
    cause,
  });
}
