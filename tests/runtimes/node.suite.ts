import { assertEquals, assertMatch } from "@std/assert";
import { bundle } from "../../scripts/bundle.ts";
import { contractSuite } from "../contract/suite.ts";
import { assertOwnPort, LISTENING_ON_TWO_PORTS } from "../support/admin_port.ts";
import { testEnv } from "../support/gateway.ts";
import { testIssuer } from "../support/issuer.ts";
import { startRedis } from "../support/redis_server.ts";
import { checkWayOut } from "../support/way_out.ts";
import { LISTENING, startCommand } from "./processes.ts";

const folder = await Deno.makeTempDir({ prefix: "sms-gateway-node-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const file = `${folder}/node.mjs`;
await bundle("entry/node.ts", file);

Deno.test("on Node metrics and probes can have a port of their own", async () => {
  const ports = LISTENING_ON_TWO_PORTS;
  const env = { ...testEnv(await testIssuer()), ADMIN_PORT: "0" };
  let admin = 0;
  const port = {
    exec: (line: string) => {
      const found = ports.exec(line);
      admin = Number(found?.[2] ?? admin);
      return found;
    },
  };
  await using gateway = await startCommand({ command: "node", args: [file], env, port });
  await assertOwnPort(Number(new URL(gateway.url).port), admin);
});

Deno.test("on Node settings come from files, keys are kept in Redis, and metrics have exemplars", async () => {
  await using redis = await startRedis();
  const { SERVICE_PLANS = "", ...env } = testEnv(await testIssuer());
  const plans = `${folder}/plans.json`;
  await Deno.writeTextFile(plans, SERVICE_PLANS);
  await using gateway = await startCommand({
    command: "node",
    args: [file],
    env: { ...env, SERVICE_PLANS_FILE: plans, STATE_URL: `redis://127.0.0.1:${redis.port}` },
    port: LISTENING,
  });
  const headers = { accept: "application/openmetrics-text" };
  await (await fetch(`${gateway.url}/nothing`)).body?.cancel();
  assertEquals(await (await fetch(`${gateway.url}/readyz`)).json(), { status: "ok" });
  const metrics = await (await fetch(`${gateway.url}/metrics`, { headers })).text();
  assertMatch(metrics, /^http_server_request_duration_seconds_bucket.* # \{trace_id=/m);
  assertMatch(metrics, /^sms_gateway_state_reachable 1$/m);
});

contractSuite(
  "the gateway on Node",
  async (env) => await startCommand({ command: "node", args: [file], env, port: LISTENING }),
  {
    rawTargets: true,
    provesUnsent: true,
    seesHangUps: true,
    keepsHeaderNames: true,
    hasStore: true,
  },
);

Deno.test("on Node, API, key set, token endpoint and collector are reached by HTTPS_PROXY alone, with the CA of NODE_EXTRA_CA_CERTS", async () => {
  await checkWayOut(
    (file) => ({ NODE_EXTRA_CA_CERTS: file }),
    async ({ upstream, issuer, env }) => {
      const { AUTH_JWKS: _, ...usual } = testEnv(issuer);
      return await startCommand({
        command: "node",
        args: [file],
        env: { ...usual, SMS_API_URL: upstream, ...env },
        port: LISTENING,
      });
    },
  );
});
