import { delay } from "@std/async/delay";
import { ulid } from "@std/ulid";
import type { SignedParts } from "../../../callbacks/signature.ts";
import { signatureHeaders } from "../../support/callback_signing.ts";
import { CALLBACK_SECRET } from "./callback_settings.ts";
import { PLAN } from "./gateway_process.ts";

/** How the SMS API ended with a callback. */
export interface Delivery {
  readonly body: string;
  /** The status of each attempt; 0 where the connection failed. */
  readonly statuses: readonly number[];
  /** Until the last answer, in ms. */
  readonly ms: number;
}

/** Options of {@linkcode deliver}. */
export interface DeliverOptions {
  /** The port of the gateway, which may change between attempts. */
  port: () => number;
  /** Whether each attempt is signed anew; it is not documented whether the API does. Default: yes. */
  signsAnew?: boolean;
}

/** The API's first delay, 5 s, of which one is 1 ms here; the last is 81,920 s. */
const FIRST_DELAY_MS = 5;
const MAX_ATTEMPTS = 15;

/** A report on a recipient of a batch that was sent a day ago, as the API writes it. */
export function report(index: number, changes: Record<string, unknown> = {}): string {
  return JSON.stringify({
    type: "recipient_delivery_report_sms",
    batch_id: ulid(Date.now() - 86_400_000),
    recipient: String(46_700_000_000 + index),
    code: 0,
    status: "Delivered",
    at: "2026-01-01T00:00:00.000Z",
    ...changes,
  });
}

/** Sends one callback once; the status, or 0 where the connection failed. */
export async function postCallback(
  port: number,
  body: string,
  { secret = CALLBACK_SECRET, ...parts }: Partial<SignedParts> & { secret?: string } = {},
): Promise<number> {
  const signed = { nonce: ulid(), timestamp: String(Math.floor(Date.now() / 1_000)), ...parts };
  try {
    const response = await fetch(`http://127.0.0.1:${port}/callbacks/${PLAN}`, {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        ...signatureHeaders(secret, new TextEncoder().encode(body), signed),
      },
    });
    await response.body?.cancel();
    return response.status;
  } catch {
    return 0;
  }
}

/** Sends a callback as the API does, and again after 5xx and 429, in a thousandth of its time. */
export async function deliver(
  body: string,
  { port, signsAnew = true }: DeliverOptions,
): Promise<Delivery> {
  const startedAt = performance.now();
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const fixed = signsAnew ? {} : { nonce: ulid(), timestamp };
  const statuses: number[] = [];
  for (let delayMs = FIRST_DELAY_MS; statuses.length < MAX_ATTEMPTS; delayMs *= 2) {
    const status = await postCallback(port(), body, fixed);
    statuses.push(status);
    if (status !== 0 && status !== 429 && status < 500) break;
    await delay(delayMs);
  }
  return { body, statuses, ms: performance.now() - startedAt };
}
