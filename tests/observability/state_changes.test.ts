import { assertEquals } from "@std/assert";
import { rawReply, rawUpstream } from "../support/raw_upstream.ts";
import { delay } from "@std/async/delay";
import { startGateway } from "./gateway_process.ts";

const BATCHES = "/xms/v1/plan-1/batches";

/** The lines of the log that are not about a request, from `listening` to `stopped`. */
async function changesAmid(
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

Deno.test("the log says once that the API refuses the credential of a plan, and once that it accepts it again", async () => {
  assertEquals(await changesAmid([200, 401, 401, 401, 200, 200], {}), [
    ["error", "the SMS API refuses the credential of a service plan", "plan-1"],
    ["info", "the SMS API accepts the credential of a service plan again", "plan-1"],
  ]);
});

Deno.test("the log says once that the breaker opened, and once that it closed", async () => {
  const env = { BREAKER_FAILURES: "2", BREAKER_RESET_MS: "200" };
  assertEquals(await changesAmid([500, 500, 200], { env, pauseBeforeLastMs: 400 }), [
    ["error", "circuit breaker opened: the SMS API keeps failing", undefined],
    ["info", "circuit breaker closed: the SMS API answers again", undefined],
  ]);
});
