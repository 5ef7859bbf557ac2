import { delay } from "@std/async/delay";
import type { Answer, CallOptions } from "./client.ts";
import type { GatewayProcess } from "./gateway_process.ts";
import { messageOf } from "./held_batches.ts";

/** A message with the key that all its repeats have. */
export interface KeyedMessage {
  readonly key: string;
  readonly text: string;
  /** Whether it has a `client_reference`. */
  readonly reference: boolean;
}

/** How a message with a key ended, for its caller. */
export type Ending =
  /** 201, of the API itself. */
  | "sent"
  /** 201, `Idempotent-Replayed: true`. */
  | "replayed"
  /** 502 or 504: nobody knows. */
  | "unknown"
  | "409"
  | "unexpected";

/** Sends a message with its key. */
export function postKeyed(
  gateway: GatewayProcess,
  { key, text, reference }: KeyedMessage,
  options: CallOptions = {},
): Promise<Answer> {
  return gateway.call("/batches", {
    method: "POST",
    json: messageOf(text, { reference }),
    headers: { "idempotency-key": key },
    ...options,
  });
}

const UNKNOWN = new Set(["upstream_connection_lost", "upstream_timeout", "upstream_failed"]);

/** What an answer says. */
export function endingOf({ status, code, headers }: Answer): Ending {
  if (status === 201) return headers["idempotent-replayed"] === "true" ? "replayed" : "sent";
  if (status === 409 && code === "idempotency_key_in_use") return "409";
  return (status === 502 || status === 504) && UNKNOWN.has(code) ? "unknown" : "unexpected";
}

/** More than any lease of the drills, on a busy machine. */
const FINAL_WITHIN_MS = 30_000;
const REPEAT_EVERY_MS = 150;

/** Repeats a message as long as it is under way (409) or the store is away; the last answer. */
export async function repeatUntilFinal(
  gateway: GatewayProcess,
  message: KeyedMessage,
  options: CallOptions = {},
): Promise<Answer> {
  const deadline = performance.now() + FINAL_WITHIN_MS;
  for (;;) {
    const answer = await postKeyed(gateway, message, options);
    const isFinal = endingOf(answer) !== "409" && answer.code !== "idempotency_unavailable";
    if (isFinal) return answer;
    if (performance.now() > deadline) throw new Error(`${message.text}: ${answer.code} for ever`);
    await delay(REPEAT_EVERY_MS);
  }
}
