import { delay } from "@std/async/delay";
import type { Demo } from "../demo/process.ts";

const JSON_TYPE = { "content-type": "application/json" };

/** A message; a key makes it one that is sent once. */
export function message(key?: string, to = "+46701234567"): RequestInit {
  return {
    method: "POST",
    headers: { ...JSON_TYPE, ...key && { "idempotency-key": key } },
    body: JSON.stringify({ from: "12345", to: [to], body: "Hello", client_reference: key }),
  };
}

/** Sends requests as callers do, for this long: most succeed, and in the second half the API fails at times. */
export async function traffic(demo: Demo, durationMs: number): Promise<void> {
  const start = performance.now();
  const requests: Promise<unknown>[] = [];
  for (let count = 0; performance.now() - start < durationMs; count++) {
    const elapsed = (performance.now() - start) / durationMs;
    requests.push(oneOf(demo, count, elapsed > 1 / 2));
    await delay(40);
  }
  await Promise.all(requests);
}

function oneOf(demo: Demo, count: number, isDown: boolean): Promise<unknown> {
  if (count % 23 === 0) {
    return demo.send("/batches", message(undefined, "01FC66621VHDBN119Z8PMV1QPU"));
  }
  if (count % 31 === 0) return demo.send("/batches", { ...message(), headers: {} });
  if (count % 37 === 0) return fetch(`${demo.url}/xms/v1/demo-plan/batches`).then(dropBody);
  if (isDown && count % 11 === 0) return demo.send("/batches?sandbox_delay_ms=4000", message());
  if (isDown && count % 3 === 0) return demo.send("/batches?sandbox_status=503", message());
  if (count % 5 === 0) return demo.send("/batches");
  if (count % 7 === 0) return demo.send("/groups");
  return demo.send("/batches", message(`key-${count - count % 4}`));
}

async function dropBody(response: Response): Promise<void> {
  await response.body?.cancel();
}
