import { GatewayError } from "../errors/gateway_error.ts";
import type { Exchange } from "../exchange.ts";
import { parseKey } from "../idempotency/key.ts";
import { clientReferenceOf } from "../idempotency/message.ts";
import type { KeySource } from "../idempotency/request_keys.ts";

/** Options of {@linkcode idempotencyKey}. */
export interface IdempotencyKeyOptions {
  /** Whether a POST without a key is refused. */
  required: boolean;
  /** Whether a send without the header is keyed by its `client_reference`. */
  fromClientReference: boolean;
}

/** A key, and where it comes from. */
export interface IdempotencyKey {
  readonly source: KeySource;
  readonly key: string;
}

/**
 * The idempotency key of a request; undefined without one, and for methods that are idempotent by
 * themselves (contract.md §5).
 *
 * @throws {GatewayError} 400 if the key is malformed, or missing where it is required
 */
export function idempotencyKey(
  { operation, body }: Exchange,
  headers: Headers,
  { required, fromClientReference }: IdempotencyKeyOptions,
): IdempotencyKey | undefined {
  if (operation?.method !== "POST") return undefined;
  const header = headers.get("idempotency-key");
  if (header !== null) {
    const key = parseKey(header);
    if (key === undefined) throw new GatewayError("idempotency_key_invalid");
    return { source: "header", key };
  }
  if (fromClientReference && operation.id === "sendBatch" && body) {
    const key = clientReferenceOf(body);
    if (key !== undefined) return { source: "client_reference", key };
  }
  if (required) throw new GatewayError("idempotency_key_missing");
  return undefined;
}
