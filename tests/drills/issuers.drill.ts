import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { type TestIssuer, testIssuer, type TokenOptions } from "../support/issuer.ts";
import type { Drill } from "./kit/drill.ts";
import { type GatewayProcess, PLAN, startGateway } from "./kit/gateway_process.ts";
import { type IssuerServer, startIssuerServer } from "./kit/issuer_server.ts";
import { closedPort, rawUpstream } from "./kit/raw_upstream.ts";
import { until } from "./kit/until.ts";

const COOLDOWN_MS = 1_000;

/** Issuers with the same `kid`, two of whose names differ by a slash. */
const NAMES = ["https://one.test", "https://one.test/", "https://two.test"] as const;

interface Scene {
  gateway: GatewayProcess;
  issuers: readonly TestIssuer[];
  servers: readonly IssuerServer[];
  forwarded: () => number;
  /** Status and code for a new token of this signer. */
  ask(signer: TestIssuer, options?: TokenOptions): Promise<string>;
}

/** Runs with a gateway for all issuers, each with a key server of its own. */
async function scene(run: (scene: Scene) => Promise<string>): Promise<string> {
  await using started = new AsyncDisposableStack();
  const issuers = await Promise.all(
    NAMES.map(async (issuer) => ({ ...await testIssuer("ES256", "same"), issuer })),
  );
  const servers = issuers.map(({ jwks }) => {
    const server = started.use(startIssuerServer());
    server.publish(jwks);
    return server;
  });
  const upstream = started.use(await rawUpstream());
  const gateway = started.use(
    await startGateway({
      upstream: upstream.url,
      env: {
        AUTH_ISSUER: undefined,
        AUTH_AUDIENCE: undefined,
        AUTH_JWKS: undefined,
        AUTH_ISSUERS: JSON.stringify(issuers.map(({ issuer, audience }, index) => ({
          issuer,
          audiences: [audience],
          jwks_url: servers[index]?.url,
        }))),
        JWKS_COOLDOWN_MS: String(COOLDOWN_MS),
      },
    }),
  );
  let tokens = 0;
  return await run({
    gateway,
    issuers,
    servers,
    forwarded: () => upstream.seen.length,
    async ask(signer, options) {
      const subject = `caller-${++tokens}`;
      const token = await signer.token({ issuer: signer.issuer, subject, ...options });
      const { status, code } = await gateway.call("/batches", { token });
      return code ? `${status} ${code}` : `${status}`;
    },
  });
}

const REFUSED = "401 unauthorized";

const mixed = () =>
  scene(async ({ issuers, ask, forwarded }) => {
    for (const issuer of issuers) assertEquals(await ask(issuer), "200", issuer.issuer);
    let attacks = 0;
    for (const signer of issuers) {
      for (const { issuer } of issuers.filter((each) => each !== signer)) {
        assertEquals(await ask(signer, { issuer }), REFUSED, `${signer.issuer} as ${issuer}`);
        attacks++;
      }
    }
    const [one] = issuers;
    assert(one);
    const odd: readonly unknown[] = [
      "https://two.test/",
      "HTTPS://one.test",
      [one.issuer],
      { [one.issuer]: 1 },
      7,
      null,
      "__proto__",
      "constructor",
      "x".repeat(4_000),
    ];
    for (const iss of odd) assertEquals(await ask(one, { claims: { iss } }), REFUSED, `${iss}`);
    const plans: readonly unknown[] = [
      { [PLAN]: true },
      { 0: PLAN, length: 1 },
      7,
      Array(1_400).fill(7),
      JSON.parse(`{"__proto__":["${PLAN}"]}`),
      [[PLAN]],
    ];
    for (const servicePlans of plans) assertEquals(await ask(one, { servicePlans }), REFUSED);
    const many = await ask(one, { servicePlans: Array(10_000).fill(PLAN) });
    assert(["400", "431", REFUSED].includes(many), `10,000 plans: ${many}`); // 120 KB of header
    assertEquals(forwarded(), issuers.length);
    return `${attacks + odd.length + plans.length} tokens refused, ${issuers.length} accepted`;
  });

const oneDown = () =>
  scene(async ({ gateway, issuers, servers, ask }) => {
    const [one, , two] = issuers;
    const server = servers[2];
    assert(one && two && server);
    await until("all keys", async () => (await gateway.degradation()).length === 0);
    const evil = { ...await testIssuer("ES256", "new"), issuer: two.issuer };
    server.does = () => new Promise(() => {}); // it hangs
    await delay(COOLDOWN_MS);
    const waiting = Array.from({ length: 50 }, () => ask(evil)); // each causes a download
    const from = performance.now();
    for (let time = 0; time < 50; time++) assertEquals(await ask(one), "200");
    const ms = Math.round(performance.now() - from);
    const answers = new Set(await Promise.all(waiting));
    assertEquals(answers, new Set(["503 key_set_unavailable"]));
    assertEquals(await ask(two), "200"); // by the keys it has
    assertEquals(await gateway.unreadiness(), []);
    return `50 requests with tokens of another issuer served in ${ms} ms meanwhile`;
  });

/** A reply that sends a byte now and then. */
const drip = () => {
  let timer: ReturnType<typeof setInterval>;
  return new Response(
    new ReadableStream({
      start(stream) {
        timer = setInterval(() => stream.enqueue(new Uint8Array([32])), 50);
      },
      cancel: () => clearInterval(timer),
    }),
  );
};

const endless = () =>
  new Response(
    new ReadableStream({ pull: (stream) => stream.enqueue(new Uint8Array(64 * 1024).fill(32)) }),
  );

const ISSUED = { access_token: "t", token_type: "Bearer", expires_in: 60, scope: "" };

/** What a token endpoint does → the answer. */
const ENDPOINTS: Readonly<Record<string, [does: () => Response, answer: string]>> = {
  "a slow reply": [drip, "504 token_endpoint_timeout"],
  "an endless reply": [endless, "502 token_endpoint_failed"],
  "a redirect": [() => Response.redirect("http://127.0.0.1:9/"), "502 token_endpoint_failed"],
  "another type of token": [
    () => Response.json({ ...ISSUED, token_type: "DPoP" }),
    "502 token_endpoint_failed",
  ],
  "HTML": [() => new Response("<html>"), "502 token_endpoint_failed"],
  "an error of OAuth": [
    () => Response.json({ error: "invalid_client" }, { status: 401 }),
    "401 invalid_client",
  ],
};

async function askToken({ port }: GatewayProcess): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/oauth2/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa("billing:secret-of-billing")}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  const { code, error, access_token } = await response.json();
  return `${response.status} ${code ?? error ?? access_token}`;
}

async function tokenEndpoint(): Promise<string> {
  await using issuer = startIssuerServer();
  await using upstream = await rawUpstream();
  const start = (url: string) =>
    startGateway({
      upstream: upstream.url,
      env: { AUTH_TOKEN_URL: url, AUTH_TOKEN_TIMEOUT_MS: "700", AUTH_TOKEN_PER_MINUTE: "10000" },
    });
  await using gateway = await start(issuer.url);
  for (const [name, [does, answer]] of Object.entries(ENDPOINTS)) {
    issuer.does = does;
    const answers = await Promise.all(Array.from({ length: 20 }, () => askToken(gateway)));
    assertEquals(new Set(answers), new Set([answer]), name);
  }
  issuer.does = drip;
  const flood = Array.from({ length: 200 }, () => askToken(gateway));
  assertEquals((await gateway.call("/batches")).status, 200); // sends are not touched
  const refused = (await Promise.all(flood)).filter((answer) => answer === "503 overloaded").length;
  assert(refused > 0, "no bound");
  issuer.does = () => Response.json(ISSUED);
  assertEquals(await askToken(gateway), "200 t");
  await using lost = await start(`http://127.0.0.1:${closedPort()}/`);
  assertEquals(await askToken(lost), "503 token_endpoint_unavailable");
  return `${Object.keys(ENDPOINTS).join(", ")}: each 20 times as promised; ` +
    `of 200 at once ${refused} were 503 overloaded, and a send was served`;
}

export default [
  {
    name: "issuers: mixed",
    did:
      "three issuers with the same kid, two a slash apart; tokens signed by one in another's name, odd iss and odd plans",
    promised: "401; a key of one issuer never verifies a token of another",
    run: mixed,
  },
  {
    name: "issuers: one down",
    did: "the key server of one of three issuers hangs, while its callers wait for it",
    promised: "the others' callers are served, and the gateway stays ready",
    run: oneDown,
  },
  {
    name: "issuers: token endpoint",
    did:
      "the token endpoint is slow, endless, redirects, answers with a DPoP token, cannot be reached; 200 requests at once",
    promised: "502, 503 or 504 in time, or the issuer's own error; sends are not touched",
    run: tokenEndpoint,
  },
] satisfies Drill[];
