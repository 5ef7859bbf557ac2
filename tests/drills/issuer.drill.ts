import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { type TestIssuer, testIssuer } from "../support/issuer.ts";
import type { Answer } from "./kit/client.ts";
import type { Drill } from "./kit/drill.ts";
import { drillIssuer, type GatewayProcess, startGateway } from "./kit/gateway_process.ts";
import { type IssuerServer, startIssuerServer } from "./kit/issuer_server.ts";
import { closedPort, rawUpstream } from "./kit/raw_upstream.ts";
import { until } from "./kit/until.ts";

const COOLDOWN_MS = 1_000;

interface Scene {
  server: IssuerServer;
  gateway: GatewayProcess;
  issuer: TestIssuer;
  /** Requests that reached the upstream. */
  forwarded: () => number;
  /** A GET with a new token of this issuer. */
  get(issuer?: TestIssuer, kid?: string): Promise<Answer>;
}

/** Runs a drill against a gateway whose issuer `prepare` has set up. */
async function scene(
  prepare: (server: IssuerServer, issuer: TestIssuer) => void,
  env: Record<string, string>,
  run: (scene: Scene) => Promise<string>,
): Promise<string> {
  const issuer = await drillIssuer();
  await using server = startIssuerServer();
  prepare(server, issuer);
  await using upstream = await rawUpstream();
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: {
      AUTH_JWKS: undefined,
      AUTH_JWKS_URL: server.url,
      JWKS_COOLDOWN_MS: String(COOLDOWN_MS),
      ...env,
    },
  });
  let tokens = 0;
  return await run({
    server,
    gateway,
    issuer,
    forwarded: () => upstream.seen.length,
    async get(by = issuer, kid) {
      const header = kid === undefined ? {} : { kid };
      const token = await by.token({ subject: `caller-${++tokens}`, header });
      return await gateway.call("/batches", { token });
    },
  });
}

const down = () => new Response("<html>down</html>", { status: 502 });

const downFromTheStart = () =>
  scene((server) => server.does = down, {}, async ({ gateway, get, forwarded, server, issuer }) => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => get()));
    const slowest = Math.max(...answers.map(({ ms }) => ms));
    assert(answers.every(({ status, code }) => status === 503 && code === "key_set_unavailable"));
    assert(answers.every(({ headers }) => Number(headers["retry-after"]) > 0));
    assertEquals([forwarded(), await gateway.unreadiness()], [0, ["key_set_unavailable"]]);
    assert(slowest < 1_500, `${slowest} ms`);
    server.publish(issuer.jwks);
    // Only probes of /readyz are sent here: they alone must cause a new fetch.
    await until("ready again", async () => (await gateway.unreadiness()).length === 0);
    assertEquals((await get()).status, 200);
    return `50 answers of 503 key_set_unavailable, slowest ${slowest} ms, nothing forwarded; ` +
      `ready again by probes of /readyz alone`;
  });

const hanging = () =>
  scene((server) => server.does = () => new Promise(() => {}), {}, async ({ get, server }) => {
    const burst = () => Promise.all(Array.from({ length: 20 }, () => get()));
    const first = await burst();
    await delay(5_500); // the fetch's own deadline
    const again = await burst(); // waits for the next fetch, which may succeed
    await delay(500);
    const later = await burst();
    const slowest = (answers: Answer[]) => Math.max(...answers.map(({ ms }) => ms));
    assert([...first, ...again, ...later].every(({ code }) => code === "key_set_unavailable"));
    assert(slowest(first) < 1_800, `first ${slowest(first)} ms`);
    assert(slowest(again) < 1_800, `again ${slowest(again)} ms`);
    assert(slowest(later) < 700, `later ${slowest(later)} ms`);
    return `503 after ${slowest(first)} ms at first, after ${slowest(again)} ms ` +
      `while a new fetch runs, after ${
        slowest(later)
      } ms once it hangs; ${server.fetches()} fetches`;
  });

const recovery = () =>
  scene((server) => server.does = down, {}, async ({ get, server, issuer }) => {
    assertEquals((await get()).code, "key_set_unavailable");
    await delay(COOLDOWN_MS);
    server.does = async () => {
      await delay(200);
      return Response.json(issuer.jwks);
    };
    const answers = await Promise.all(Array.from({ length: 20 }, () => get()));
    assertEquals(answers.map(({ status }) => status), Array(20).fill(200));
    return `the first 20 requests after the issuer recovered were served, within ${
      Math.max(...answers.map(({ ms }) => ms))
    } ms`;
  });

const unreachable = () =>
  scene(() => {}, { AUTH_JWKS_URL: `http://127.0.0.1:${closedPort()}/` }, async ({ get }) => {
    const { status, code, ms } = await get();
    assertEquals([status, code], [503, "key_set_unavailable"]);
    return `503 ${code} after ${ms} ms`;
  });

const publishing = (server: IssuerServer, issuer: TestIssuer) => server.publish(issuer.jwks);

const downLater = () =>
  scene(publishing, { JWKS_MAX_AGE_MS: "200" }, async ({ get, gateway, server }) => {
    assertEquals((await get()).status, 200);
    server.does = down;
    const before = server.fetches();
    const from = performance.now();
    let slowest = 0;
    while (performance.now() - from < 3_000) {
      const { status, ms } = await get();
      assertEquals(status, 200);
      slowest = Math.max(slowest, ms);
      await delay(20);
    }
    const fetches = server.fetches() - before;
    assert(fetches >= 2 && fetches <= 4, `${fetches} fetches in 3 s`);
    assertEquals(await gateway.unreadiness(), []);
    return `3 s without an issuer: every token verified, slowest answer ${slowest} ms, ${fetches} fetches`;
  });

const downTooLong = () =>
  scene(
    publishing,
    { JWKS_MAX_AGE_MS: "100", JWKS_MAX_STALE_MS: "1200" },
    async ({ get, gateway, server }) => {
      assertEquals((await get()).status, 200);
      server.does = down;
      await delay(1_500);
      const { status, code } = await get();
      assertEquals([status, code], [503, "key_set_unavailable"]);
      assertEquals(await gateway.unreadiness(), ["key_set_unavailable"]);
      return "past JWKS_MAX_STALE_MS: 503 key_set_unavailable, not ready";
    },
  );

const rotation = () =>
  scene(publishing, {}, async ({ get, server, issuer }) => {
    assertEquals((await get()).status, 200);
    const next = await testIssuer("RS256", "key-2");
    await delay(COOLDOWN_MS);
    server.publish(issuer.jwks, next.jwks);
    const { status, ms } = await get(next);
    assertEquals([status, (await get()).status], [200, 200]);
    return `the first token of the new key was accepted, after ${ms} ms; the old key still works`;
  });

const keyReplaced = () =>
  scene(publishing, {}, async ({ get, server, issuer }) => {
    assertEquals((await get()).status, 200);
    await delay(COOLDOWN_MS);
    const replacement = await testIssuer("ES256", issuer.kid);
    server.publish(replacement.jwks);
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(replacement)));
    assertEquals(answers.map(({ status }) => status), Array(20).fill(200));
    const before = server.fetches();
    const from = performance.now();
    let forged = 0;
    while (performance.now() - from < 2_500) {
      const refused = await Promise.all(Array.from({ length: 25 }, () => get(issuer)));
      assert(refused.every(({ status }) => status === 401));
      forged += refused.length;
    }
    const fetches = server.fetches() - before;
    assert(fetches <= 3, `${fetches} fetches`);
    return `the first 20 tokens of the new key were accepted; ${forged} of the old key in 2.5 s were ` +
      `401, with ${fetches} fetches`;
  });

/** Delay of the issuer's answer, in ms: most of the flood arrives during one fetch. */
const SLOW_MS = 4_000;
const FLOOD_CONNECTIONS = 1_500;

const slowFlood = () =>
  scene(publishing, {}, async ({ get, gateway, server, issuer }) => {
    assertEquals((await get()).status, 200);
    await delay(COOLDOWN_MS);
    server.does = async () => {
      await delay(SLOW_MS);
      return Response.json(issuer.jwks);
    };
    const forged = await issuer.token({ header: { kid: "unknown" } });
    const counts: Record<string, number> = {};
    const until = performance.now() + SLOW_MS - 500;
    const flood = Array.from({ length: FLOOD_CONNECTIONS }, async () => {
      while (performance.now() < until) {
        const { status, code } = await gateway.call("/batches", { token: forged });
        counts[`${status} ${code}`] = (counts[`${status} ${code}`] ?? 0) + 1;
        await delay(500);
      }
    });
    await delay(300);
    let slowest = 0;
    for (let i = 0; i < 40; i++) {
      const { status, ms } = await get();
      assertEquals(status, 200);
      slowest = Math.max(slowest, ms);
    }
    await Promise.all(flood);
    // A 401 is only possible once the fetch has ended and the kid is known to be missing.
    const { "401 unauthorized": refused = 0, "503 key_set_unavailable": undecided = 0, ...rest } =
      counts;
    assertEquals(rest, {});
    assert(undecided > refused, JSON.stringify(counts));
    return `${FLOOD_CONNECTIONS} connections with an unknown kid: ${
      JSON.stringify(counts)
    }; 40 of 40 ` +
      `valid tokens were served meanwhile, within ${slowest} ms`;
  });

const withdrawn = () =>
  scene(publishing, { JWKS_MAX_AGE_MS: "300" }, async ({ get, gateway, server, issuer }) => {
    const leaked = await issuer.token({ subject: "remembered" });
    const use = () => gateway.call("/batches", { token: leaked });
    assertEquals((await use()).status, 200);
    const next = await testIssuer("ES256", "key-2");
    server.publish(next.jwks);
    const from = performance.now();
    await until("refused", async () => (await use()).status === 401);
    const ms = Math.round(performance.now() - from);
    assert(ms < COOLDOWN_MS + 600, `${ms} ms`);
    assertEquals((await get(next)).status, 200);
    return `a token that was in use before was refused ${ms} ms after its key was withdrawn`;
  });

const unknownKids = () =>
  scene(publishing, {}, async ({ get, server, issuer }) => {
    const forger = await testIssuer("ES256", "forged");
    await get();
    const before = server.fetches();
    const from = performance.now();
    let sent = 0;
    const counts: Record<number, number> = {};
    while (performance.now() - from < 3_500) {
      const answers = await Promise.all(
        Array.from({ length: 25 }, () => get(forger, `unknown-${++sent}`)),
      );
      for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
    }
    const fetches = server.fetches() - before;
    assertEquals(Object.keys(counts), ["401"]);
    assert(fetches <= 4, `${fetches} fetches`);
    assertEquals((await get(issuer)).status, 200);
    return `${sent} unknown kids in 3.5 s, all 401, ${fetches} fetches at ${COOLDOWN_MS} ms cooldown`;
  });

/** Invalid key sets; with each of them the last good key set stays in use. */
const BAD_SETS: Readonly<Record<string, (evil: TestIssuer) => Response>> = {
  "a redirect to other keys": ({ jwks }) =>
    new Response(null, {
      status: 302,
      headers: { location: `data:application/json,${encodeURIComponent(JSON.stringify(jwks))}` },
    }),
  "HTML": () => new Response("<html></html>"),
  "200 MiB": () => new Response(endless(200)),
  "no keys member": () => Response.json({ error: "maintenance" }),
  "truncated JSON": () => new Response('{"keys":[{"kty"'),
  "keys that are not objects": () => Response.json({ keys: [1, null] }),
};

function endless(mebibytes: number): ReadableStream<Uint8Array> {
  const chunk = new TextEncoder().encode(`{"keys":[`.padEnd(1024 * 1024, " "));
  let left = mebibytes;
  return new ReadableStream({
    pull: (controller) => left-- > 0 ? controller.enqueue(chunk) : controller.close(),
  });
}

const badSets = () =>
  scene(publishing, { JWKS_MAX_AGE_MS: "1", JWKS_COOLDOWN_MS: "100" }, async (scene) => {
    const { get, server } = scene;
    const evil = await testIssuer("ES256", "evil");
    assertEquals((await get()).status, 200);
    for (const [name, answer] of Object.entries(BAD_SETS)) {
      server.does = () => answer(evil);
      const before = server.fetches();
      await until(`a fetch of ${name}`, async () => {
        assertEquals((await get()).status, 200, name);
        return server.fetches() >= before + 2;
      });
      const status = (await get(evil)).status;
      assert(status === 401 || status === 503, `${name}: ${status}`);
    }
    return `${Object.keys(BAD_SETS).join(", ")}: the last good key set stayed in use`;
  });

export default [
  {
    name: "issuer: down from the start",
    did: "the issuer answers 502; 50 requests; later the issuer recovers",
    promised: "503 key_set_unavailable at once, not 401; ready again without any caller's request",
    run: downFromTheStart,
  },
  {
    name: "issuer: hangs",
    did: "the issuer accepts connections and never answers",
    promised:
      "requests wait for at most a second, and do not wait for a fetch that has hung for a second",
    run: hanging,
  },
  {
    name: "issuer: recovers",
    did: "the issuer is down from the start, then recovers; no request until the cooldown is over",
    promised: "the first requests wait for the key set and are served",
    run: recovery,
  },
  {
    name: "issuer: unreachable",
    did: "nothing listens on the issuer's port",
    promised: "503 key_set_unavailable",
    run: unreachable,
  },
  {
    name: "issuer: down later",
    did: "the issuer fails after one good answer; requests with new tokens for 3 s",
    promised: "tokens are verified with the last good key set; one fetch per cooldown",
    run: downLater,
  },
  {
    name: "issuer: down too long",
    did: "the issuer fails after one good answer, for longer than JWKS_MAX_STALE_MS",
    promised: "503 key_set_unavailable, and /readyz reports it",
    run: downTooLong,
  },
  {
    name: "issuer: rotation",
    did: "a token signed by a key published a moment ago",
    promised: "accepted at once",
    run: rotation,
  },
  {
    name: "issuer: key replaced under the same kid",
    did: "another key under the same kid; then as many tokens of the old key as possible",
    promised:
      "the new key is accepted at once; wrong signatures cause one fetch per JWKS_COOLDOWN_MS",
    run: keyReplaced,
  },
  {
    name: "issuer: slow flood",
    did: "1,500 connections with an unknown kid while the issuer takes 4 s",
    promised: "valid tokens are served; unknown kids are 503, not 401, until the fetch has ended",
    run: slowFlood,
  },
  {
    name: "issuer: withdrawn key",
    did: "a key disappears from the key set while a token signed with it is in use",
    promised: "refused after the next refresh, although the token was cached",
    run: withdrawn,
  },
  {
    name: "issuer: many unknown kids",
    did: "as many forged tokens as possible, each with another kid",
    promised: "401 each, one fetch per JWKS_COOLDOWN_MS",
    run: unknownKids,
  },
  {
    name: "issuer: bad key sets",
    did: "a redirect, HTML, 200 MiB or invalid JSON instead of a key set",
    promised: "never used, never followed; the last good key set stays in use",
    run: badSets,
  },
] satisfies Drill[];
