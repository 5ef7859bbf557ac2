import type { GatewayProcess } from "./gateway_process.ts";

/** Sends a POST with this key, which is its request id, too; returns the status. */
export async function sendWithKey(gateway: GatewayProcess, key: string): Promise<number> {
  const response = await fetch(`${gateway.url}/xms/v1/plan-1/batches`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${await gateway.token()}`,
      "content-type": "application/json",
      "idempotency-key": key,
      "x-request-id": key,
    },
    body: "{}",
  });
  await response.body?.cancel();
  return response.status;
}

/** Level and message of each line about the state store. */
export function storeLines(stdout: string): [level: string, message: string][] {
  return stdout.trim().split("\n").map((line) => JSON.parse(line))
    .filter(({ message }) => /state store/.test(message))
    .map(({ level, message }) => [level, message]);
}

/** The lines of an outage of the store. */
export const STORE_OUTAGE: [level: string, message: string][] = [
  ["error", "the state store does not answer: requests with a key get 503"],
  ["info", "the state store answers again"],
];
