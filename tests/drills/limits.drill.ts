import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Answer } from "./kit/client.ts";
import type { Drill } from "./kit/drill.ts";
import { type GatewayProcess, startGateway } from "./kit/gateway_process.ts";
import { type RawUpstream, rawUpstream, type Wire } from "./kit/raw_upstream.ts";
import { until } from "./kit/until.ts";

const PER_CALLER = 5;
const PER_ROUTE = 8;
const IN_FLIGHT = 12;

const ENV = {
  MAX_OUTSTANDING_PER_CALLER: String(PER_CALLER),
  MAX_OUTSTANDING_PER_ROUTE: String(PER_ROUTE),
  MAX_IN_FLIGHT: String(IN_FLIGHT),
  UPSTREAM_TIMEOUT_MS: "60000",
  RETRY_ATTEMPTS: "0",
};

interface Scene {
  gateway: GatewayProcess;
  upstream: RawUpstream;
  /** Requests that the upstream has not answered. */
  held: Wire[];
  /** Ends all of them in some way. */
  letGo(how?: (wire: Wire) => void): void;
  /** A GET by a caller of this name. */
  get(caller: string, path?: string): Promise<Answer>;
}

/** A gateway with small limits, whose upstream holds every request until it is let go. */
async function scene(run: (scene: Scene) => Promise<string>): Promise<string> {
  const held: Wire[] = [];
  await using upstream = await rawUpstream({ onRequest: (_, wire) => void held.push(wire) });
  await using gateway = await startGateway({ upstream: upstream.url, env: ENV });
  const tokens = new Map<string, Promise<string>>();
  return await run({
    gateway,
    upstream,
    held,
    letGo: (how = (wire) => wire.reply(200, {})) => held.splice(0).forEach(how),
    async get(caller, path = "/batches") {
      const token = tokens.get(caller) ?? gateway.issuer.token({ subject: caller });
      tokens.set(caller, token);
      return await gateway.call(path, { token: await token });
    },
  });
}

function assertTooMany({ status, code, headers }: Answer, policy: string, limit: number): void {
  assertEquals([status, code], [429, "too_many_requests"]);
  assert(Number(headers["retry-after"]) > 0, "Retry-After");
  assertMatch(headers["ratelimit-policy"] ?? "", new RegExp(`^"${policy}";q=${limit}`));
  assertMatch(headers["ratelimit"] ?? "", new RegExp(`^"${policy}";r=0;t=`));
}

const OUTSTANDING = "sms_gateway_outstanding_requests";

const threeLimits = () =>
  scene(async ({ gateway, upstream, held, letGo, get }) => {
    const caller = Array.from({ length: PER_CALLER }, () => get("a"));
    await until("all of caller a's", () => held.length === PER_CALLER);
    assertTooMany(await get("a"), "caller", PER_CALLER);
    assertEquals(await gateway.metric(OUTSTANDING), PER_CALLER);
    assertEquals(await gateway.metric("http_server_active_requests"), PER_CALLER);

    const route = Array.from({ length: PER_ROUTE - PER_CALLER }, () => get("b"));
    await until("all of the route's", () => held.length === PER_ROUTE);
    assertTooMany(await get("b"), "route", PER_ROUTE);

    const total = Array.from({ length: IN_FLIGHT - PER_ROUTE }, () => get("c", "/groups"));
    await until("all of them", () => held.length === IN_FLIGHT);
    const { status, code, headers } = await get("d", "/inbounds");
    assertEquals([status, code, Number(headers["retry-after"]) > 0], [503, "overloaded", true]);
    const unsigned = await gateway.call("/inbounds", { token: "x" });
    assertEquals(unsigned.code, "overloaded", "before the token is looked at");
    assertEquals(await gateway.unreadiness(), [], "health is answered all the same");

    letGo();
    const all = await Promise.all([...caller, ...route, ...total]);
    assert(all.every((answer) => answer.status === 200));
    assertEquals(upstream.seen.length, IN_FLIGHT);
    await gateway.assertIdle();
    return `429 at ${PER_CALLER} of a caller and at ${PER_ROUTE} of a route, with Retry-After, ` +
      `RateLimit and RateLimit-Policy; 503 overloaded at ${IN_FLIGHT} in all`;
  });

/** How requests can end. Each end has to give its slot back. */
const ENDS: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  success: ({ letGo }) => Promise.resolve(letGo()),
  "an error of the upstream": ({ letGo }) => Promise.resolve(letGo((wire) => wire.reply(500, {}))),
  "a cut connection": ({ letGo }) => Promise.resolve(letGo((wire) => wire.reset())),
  "garbage": ({ letGo }) => Promise.resolve(letGo((wire) => void wire.write("\0\0\r\n\r\n"))),
  "a long answer": ({ letGo }) =>
    Promise.resolve(letGo((wire) => wire.reply(200, { filling: "x".repeat(300_000) }))),
  "a long answer that is cut": ({ letGo }) =>
    Promise.resolve(letGo((wire) =>
      void wire.write(
        `HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n${"x".repeat(200_000)}`,
      ).then(wire.close)
    )),
};

const slotsComeBack = () =>
  scene(async (scene) => {
    const { gateway, held, get } = scene;
    for (const [name, end] of Object.entries(ENDS)) {
      const waiting = Array.from({ length: PER_CALLER }, () => get("a"));
      await until(`the slots taken: ${name}`, () => held.length === PER_CALLER);
      await end(scene);
      await Promise.all(waiting);
      await gateway.assertIdle();
    }
    for (const method of ["GET", "POST"]) {
      const waiting = Array.from({ length: PER_CALLER }, () =>
        gateway.call("/batches", {
          method,
          hangUpAfterMs: 300,
          ...(method === "POST" && { json: {} }),
        }));
      await until(`the slots taken: ${method}`, () => held.length === PER_CALLER);
      await Promise.all(waiting);
      if (method === "POST") {
        assertEquals(await gateway.metric(OUTSTANDING), PER_CALLER, "a POST goes on");
      }
      if (method === "POST") scene.letGo();
      else held.splice(0);
      await gateway.assertIdle();
    }
    return `${
      Object.keys(ENDS).join(", ")
    }, hang-up of a GET and of a POST: outstanding is 0 again`;
  });

/** What the gateway does not foresee: 500, or nothing at all, and still no slot is lost. */
const hostile = () =>
  scene(async ({ gateway, upstream }) => {
    for (let round = 0; round < 4 * PER_CALLER; round++) {
      await gateway.call("/batches", {
        method: "POST",
        headers: { "content-length": "9" },
        hangUpAfterMs: 10,
      });
      await gateway.call("/batches", { method: "PATCH" });
      await gateway.call("/batches/%2e%2e");
      await gateway.call("/batches", {
        method: "POST",
        json: {},
        headers: { "content-type": "x" },
      });
    }
    await gateway.assertIdle();
    assertEquals(upstream.seen.length, 0);
    return `${16 * PER_CALLER} refused or broken requests: none forwarded, outstanding is 0`;
  });

const othersUnharmed = () =>
  scene(async ({ held, letGo, get }) => {
    const greedy = Array.from({ length: 40 }, () => get("greedy"));
    await until("its share", () => held.length === PER_CALLER);
    const modest = get("modest");
    await until("another caller's", () => held.length === PER_CALLER + 1);
    letGo();
    assertEquals((await modest).status, 200);
    const refused = (await Promise.all(greedy)).filter(({ status }) => status !== 200).length;
    assertEquals(refused, 40 - PER_CALLER);
    return `40 at once by one caller: ${refused} refused, another caller was served`;
  });

export default [
  {
    name: "limits: caller, route, total",
    did: "one request more than each limit while the upstream is silent",
    promised: "429 with Retry-After and RateLimit fields; 503 overloaded before the token is read",
    run: threeLimits,
  },
  {
    name: "limits: slots come back",
    did: "all slots taken, then ended in every way",
    promised: "every slot is given back",
    run: slotsComeBack,
  },
  {
    name: "limits: broken requests",
    did: "half bodies, wrong methods, paths and types, over and over",
    promised: "no slot is lost, nothing is forwarded",
    run: hostile,
  },
  {
    name: "limits: fair share",
    did: "one caller sends 40 at once",
    promised: "other callers are served",
    run: othersUnharmed,
  },
] satisfies Drill[];
