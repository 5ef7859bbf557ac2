import { assert, assertEquals, assertRejects } from "@std/assert";
import { delay } from "@std/async/delay";
import { GatewayError } from "../../errors/gateway_error.ts";
import { TransportError } from "../../errors/transport_error.ts";
import { upstreamBreaker, upstreamBreakers } from "../../upstream/breaker.ts";
import { upstreamTarget } from "../../upstream/target.ts";
import { jsonReply } from "../support/gateway.ts";

const lost = (reason: TransportError["reason"] = "network") => () =>
  Promise.reject(new TransportError(true, reason, { cause: undefined }));
const saying = (status: number) => () => Promise.resolve(jsonReply(status, {}));

/** Exchanges, and whether each counts as a failure of the upstream. */
const COUNTED: readonly [name: string, exchange: ReturnType<typeof lost>, counts: boolean][] = [
  ["a lost connection", lost(), true],
  ["a timeout", lost("timeout"), true],
  ["a caller that hung up", lost("aborted"), false],
  ["a connection that the gateway has no file descriptor for", lost("no_descriptor"), false],
];

for (const [name, exchange, counts] of COUNTED) {
  Deno.test(`${name}, repeated, ${counts ? "opens" : "does not open"} the breaker`, async () => {
    const breaker = upstreamBreaker({ failures: 3, resetMs: 60_000 });
    for (let time = 0; time < 3; time++) {
      assertEquals(breaker.state, "closed");
      await assertRejects(() => breaker.run(exchange), TransportError);
    }
    assertEquals(breaker.state, counts ? "open" : "closed");
  });
}

for (const [status, opens] of [[500, true], [503, true], [400, false], [429, false]] as const) {
  Deno.test(`repeated answers of ${status} ${opens ? "open" : "do not open"} the breaker`, async () => {
    const breaker = upstreamBreaker({ failures: 2, resetMs: 60_000 });
    for (let time = 0; time < 2; time++) await breaker.run(saying(status));
    assertEquals(breaker.state, opens ? "open" : "closed");
  });
}

Deno.test("an open breaker refuses at once with 503 and Retry-After, and sends nothing", async () => {
  const breaker = upstreamBreaker({ failures: 1, resetMs: 60_000 });
  await breaker.run(saying(500));
  let sent = 0;
  const error = await assertRejects(
    () =>
      breaker.run(() => {
        sent++;
        return saying(200)();
      }),
    GatewayError,
  );
  assertEquals([sent, error.failure.status, error.failure.code], [0, 503, "upstream_circuit_open"]);
  assertEquals(error.failure.headers?.["retry-after"], "5"); // the upper limit of our own Retry-After
  assertEquals([error.failure.processed, error.failure.fault], ["no", "upstream"]);
});

Deno.test("a wall clock that is set back does not keep the breaker open", async () => {
  const breaker = upstreamBreaker({ failures: 1, resetMs: 20 });
  await breaker.run(saying(500));
  const { now } = Date;
  try {
    Date.now = () => now() - 3_600_000;
    await delay(30);
    assertEquals((await breaker.run(saying(200))).status, 200);
    assertEquals(breaker.state, "closed");
  } finally {
    Date.now = now;
  }
});

Deno.test("Retry-After of an open breaker is the time until it is half-open", async () => {
  const breaker = upstreamBreaker({ failures: 1, resetMs: 2_500 });
  await breaker.run(saying(500));
  const error = await assertRejects(() => breaker.run(saying(200)), GatewayError);
  assertEquals(error.failure.headers?.["retry-after"], "3");
});

Deno.test("a failed probe gets the upstream's answer, and opening and closing are each reported once", async () => {
  const changes: string[] = [];
  const breaker = upstreamBreaker({
    failures: 1,
    resetMs: 1,
    onChange: (state) => changes.push(state),
  });
  await breaker.run(saying(500));
  for (let probe = 0; probe < 3; probe++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    assertEquals((await breaker.run(saying(500))).status, 500);
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
  await breaker.run(saying(200));
  assertEquals([breaker.state, changes], ["closed", ["open", "closed"]]);
});

Deno.test("one success between failures keeps the breaker closed", async () => {
  const breaker = upstreamBreaker({ failures: 2, resetMs: 60_000 });
  for (let time = 0; time < 5; time++) {
    await breaker.run(saying(500));
    await breaker.run(saying(200));
  }
  assertEquals(breaker.state, "closed");
});

Deno.test("a target that is not reported has a breaker, but no part in the state of all", async () => {
  const [api, test] = [upstreamTarget("http://api.test"), upstreamTarget("http://trial.test")];
  const reported = new Set([api.origin]);
  const breakers = upstreamBreakers({ failures: 1, resetMs: 60_000, reported });
  await breakers.of(test).run(saying(500));
  assertEquals([breakers.of(test).state, breakers.state], ["open", "closed"]);
  await breakers.of(api).run(saying(500));
  assertEquals(breakers.state, "open");
});

Deno.test("an exchange that does not count neither opens nor closes the breaker, and is refused while it is open", async () => {
  const breaker = upstreamBreaker({ failures: 2, resetMs: 20 });
  const uncounted = { isCounted: false };
  for (let time = 0; time < 5; time++) await breaker.run(saying(500), uncounted);
  assertEquals(breaker.state, "closed");
  await breaker.run(saying(500));
  await breaker.run(saying(200), uncounted);
  await breaker.run(saying(500));
  assertEquals(breaker.state, "open");
  await assertRejects(() => breaker.run(saying(200), uncounted), GatewayError);
  await delay(30);
  assertEquals((await breaker.run(saying(200), uncounted)).status, 200);
  assertEquals(breaker.state, "half_open");
  await breaker.run(saying(200));
  assertEquals(breaker.state, "closed");
});

Deno.test("a breaker that is off never opens", async () => {
  const breaker = upstreamBreaker({ failures: 0, resetMs: 1 });
  for (let time = 0; time < 100; time++) await breaker.run(saying(500));
  assertEquals(breaker.state, "closed");
  assert(await breaker.run(saying(200)));
});

for (const reason of ["aborted", "no_descriptor"] as const) {
  Deno.test(`a probe that ended with ${reason} does not close the breaker`, async () => {
    const breaker = upstreamBreaker({ failures: 1, resetMs: 1 });
    await breaker.run(saying(500));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await assertRejects(() => breaker.run(lost(reason)), TransportError);
    assertEquals(breaker.state === "closed", false);
  });
}

Deno.test("each origin has a breaker of its own, whatever the path, and the worst state is reported", async () => {
  const changes: [state: string, url: string][] = [];
  const breakers = upstreamBreakers({
    failures: 1,
    resetMs: 60_000,
    onChange: (state, { url }) => changes.push([state, url]),
  });
  const [failing, working] = [upstreamTarget("http://a.test/x"), upstreamTarget("http://b.test")];
  assertEquals(breakers.state, "closed");
  await breakers.of(failing).run(saying(500));
  await breakers.of(working).run(saying(200));
  assertEquals(breakers.of(upstreamTarget("http://a.test/y")).state, "open");
  assertEquals(breakers.of(working).state, "closed");
  assertEquals(breakers.state, "open");
  assertEquals(changes, [["open", "http://a.test/x"]]);
});
