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
  /** Ends all held requests; by default with a 200. */
  release(how?: (wire: Wire) => void): void;
  /** A GET by a caller of this name. */
  get(caller: string, path?: string): Promise<Answer>;
}

/** Runs a drill against a gateway with small limits and an upstream that holds every request. */
async function scene(run: (scene: Scene) => Promise<string>): Promise<string> {
  const held: Wire[] = [];
  await using upstream = await rawUpstream({ onRequest: (_, wire) => void held.push(wire) });
  await using gateway = await startGateway({ upstream: upstream.url, env: ENV });
  const tokens = new Map<string, Promise<string>>();
  return await run({
    gateway,
    upstream,
    held,
    release: (how = (wire) => wire.reply(200, {})) => held.splice(0).forEach(how),
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
  scene(async ({ gateway, upstream, held, release, get }) => {
    const caller = Array.from({ length: PER_CALLER }, () => get("a"));
    await until("all requests of caller a are outstanding", () => held.length === PER_CALLER);
    assertTooMany(await get("a"), "caller", PER_CALLER);
    assertEquals(await gateway.metric(OUTSTANDING), PER_CALLER);
    assertEquals(await gateway.metric("http_server_active_requests"), PER_CALLER);

    const route = Array.from({ length: PER_ROUTE - PER_CALLER }, () => get("b"));
    await until("all requests of the route are outstanding", () => held.length === PER_ROUTE);
    assertTooMany(await get("b"), "route", PER_ROUTE);

    const total = Array.from({ length: IN_FLIGHT - PER_ROUTE }, () => get("c", "/groups"));
    await until("all requests are outstanding", () => held.length === IN_FLIGHT);
    const { status, code, headers } = await get("d", "/inbounds");
    assertEquals([status, code, Number(headers["retry-after"]) > 0], [503, "overloaded", true]);
    const unsigned = await gateway.call("/inbounds", { token: "x" });
    assertEquals(unsigned.code, "overloaded", "refused before the token is verified");
    assertEquals(await gateway.unreadiness(), [], "health is not affected");

    release();
    const all = await Promise.all([...caller, ...route, ...total]);
    assert(all.every((answer) => answer.status === 200));
    assertEquals(upstream.seen.length, IN_FLIGHT);
    await gateway.assertIdle();
    return `429 at ${PER_CALLER} per caller and ${PER_ROUTE} per route, with Retry-After, ` +
      `RateLimit and RateLimit-Policy; 503 overloaded at ${IN_FLIGHT} in total`;
  });

/** The ways in which a request can end; each must release its slot. */
const ENDS: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  success: ({ release }) => Promise.resolve(release()),
  "an error of the upstream": ({ release }) =>
    Promise.resolve(release((wire) => wire.reply(500, {}))),
  "a cut connection": ({ release }) => Promise.resolve(release((wire) => wire.reset())),
  "garbage": ({ release }) => Promise.resolve(release((wire) => void wire.write("\0\0\r\n\r\n"))),
  "a long answer": ({ release }) =>
    Promise.resolve(release((wire) => wire.reply(200, { filling: "x".repeat(300_000) }))),
  "a long answer that is cut": ({ release }) =>
    Promise.resolve(release((wire) =>
      void wire.write(
        `HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n${"x".repeat(200_000)}`,
      ).then(wire.close)
    )),
};

const slotsReleased = () =>
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
        assertEquals(
          await gateway.metric(OUTSTANDING),
          PER_CALLER,
          "a POST whose caller hung up stays outstanding",
        );
      }
      if (method === "POST") scene.release();
      else held.splice(0);
      await gateway.assertIdle();
    }
    return `${
      Object.keys(ENDS).join(", ")
    }, hang-up of a GET and of a POST: outstanding is 0 again`;
  });

const brokenRequests = () =>
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

const fairShare = () =>
  scene(async ({ held, release, get }) => {
    const first = Array.from({ length: 40 }, () => get("caller-1"));
    await until("the first caller's share is used", () => held.length === PER_CALLER);
    const second = get("caller-2");
    await until("another caller's request is outstanding", () => held.length === PER_CALLER + 1);
    release();
    assertEquals((await second).status, 200);
    const refused = (await Promise.all(first)).filter(({ status }) => status !== 200).length;
    assertEquals(refused, 40 - PER_CALLER);
    return `40 concurrent requests of one caller: ${refused} refused, another caller was served`;
  });

export default [
  {
    name: "limits: caller, route, total",
    did: "one request more than each limit while the upstream does not answer",
    promised: "429 with Retry-After and RateLimit fields; 503 overloaded before the token is read",
    run: threeLimits,
  },
  {
    name: "limits: slots are released",
    did: "all slots of a caller in use, then the requests end in every way",
    promised: "every slot is released",
    run: slotsReleased,
  },
  {
    name: "limits: broken requests",
    did: "truncated bodies, wrong methods, paths and content types, repeatedly",
    promised: "no slot is lost, nothing is forwarded",
    run: brokenRequests,
  },
  {
    name: "limits: fair share",
    did: "one caller sends 40 concurrent requests",
    promised: "other callers are served",
    run: fairShare,
  },
] satisfies Drill[];
