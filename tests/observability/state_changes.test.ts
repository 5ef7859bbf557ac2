import { assertEquals } from "@std/assert";
import { rawReply, rawUpstream } from "../support/raw_upstream.ts";
import { delay } from "@std/async/delay";
import { startGateway } from "./gateway_process.ts";

const BATCHES = "/xms/v1/plan-1/batches";

/** The log lines between `listening` and `stopped` that do not belong to a request. */
async function changesDuring(
  statuses: readonly number[],
  { env = {}, pauseBeforeLastMs = 0 }: { env?: Record<string, string>; pauseBeforeLastMs?: number },
): Promise<[level: string, message: string, plan: string | undefined][]> {
  const replies = [...statuses];
  await using upstream = await rawUpstream(async (connection) => {
    while (await connection.readRequest()) {
      await connection.write(rawReply(replies.shift() ?? 200, "{}"));
    }
  });
  await using gateway = await startGateway({ upstream: upstream.url, env });
  const authorization = `Bearer ${await gateway.token()}`;
  for (const index of statuses.keys()) {
    if (index === statuses.length - 1) await delay(pauseBeforeLastMs);
    const response = await fetch(gateway.url + BATCHES, { headers: { authorization } });
    await response.body?.cancel();
  }
  const { stdout } = await gateway.stop();
  const lines = stdout.trim().split("\n").map((line) => JSON.parse(line));
  return lines.filter(({ request_id, message }) =>
    request_id === undefined && message !== "listening" && message !== "stopped"
  ).map(({ level, message, service_plan }) => [level, message, service_plan]);
}

Deno.test("the refusal of a plan's credential by the API, and its later acceptance, are each logged once", async () => {
  assertEquals(await changesDuring([200, 401, 401, 401, 200, 200], {}), [
    ["error", "the SMS API refuses the credential of a service plan", "plan-1"],
    ["info", "the SMS API accepts the credential of a service plan again", "plan-1"],
  ]);
});

Deno.test("the opening and the closing of the breaker are each logged once", async () => {
  const env = { BREAKER_FAILURES: "2", BREAKER_RESET_MS: "200" };
  assertEquals(await changesDuring([500, 500, 200], { env, pauseBeforeLastMs: 400 }), [
    ["error", "circuit breaker opened: the SMS API keeps failing", undefined],
    ["info", "circuit breaker closed: the SMS API answers again", undefined],
  ]);
});
