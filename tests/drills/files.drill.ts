import { assert, assertEquals } from "@std/assert";
import { startRedis } from "../support/redis_server.ts";
import { dataFolder } from "./kit/data_folder.ts";
import type { Drill } from "./kit/drill.ts";
import { CREDENTIAL, type GatewayProcess, PLAN, startGateway } from "./kit/gateway_process.ts";
import { MountedSecrets } from "./kit/mounted_secrets.ts";
import { needsRedis } from "./kit/needs_redis.ts";
import { rawUpstream, type SeenRequest } from "./kit/raw_upstream.ts";
import { until } from "./kit/until.ts";

/** Within this time a change must be in use (contract.md §8). */
const TAKEN_WITHIN_MS = 2_000;

const ROTATED = "credential-after-the-rotation";

const plans = (token: string) => JSON.stringify({ [PLAN]: token });

const credentialOf = ({ headers }: SeenRequest) => headers.authorization;

interface Scene {
  gateway: GatewayProcess;
  secrets: MountedSecrets;
  seen: readonly SeenRequest[];
}

/** Runs a drill with a gateway whose SERVICE_PLANS come from a mounted secret. */
async function scene(run: (scene: Scene) => Promise<string>): Promise<string> {
  await using folder = await dataFolder();
  const secrets = new MountedSecrets(`${folder.path}/data`);
  await secrets.write({ plans: plans(CREDENTIAL) });
  await using upstream = await rawUpstream();
  await using gateway = await startGateway({
    upstream: upstream.url,
    cwd: folder.path,
    env: { SERVICE_PLANS: undefined, SERVICE_PLANS_FILE: secrets.path("plans") },
  });
  return await run({ gateway, secrets, seen: upstream.seen });
}

const rotation = () =>
  scene(async ({ gateway, secrets, seen }) => {
    let stop = false;
    const statuses = new Map<number, number>();
    const traffic = Array.from({ length: 8 }, async () => {
      while (!stop) {
        const { status } = await gateway.post("hello");
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    });
    await until("traffic", () => seen.length > 20);
    await secrets.write({ plans: plans(ROTATED) });
    const from = performance.now();
    await until("the new credential in use", () =>
      credentialOf(seen.at(-1)!) === `Bearer ${ROTATED}`, TAKEN_WITHIN_MS);
    const ms = Math.round(performance.now() - from);
    const sent = seen.length;
    await until("more traffic", () =>
      seen.length > sent + 50);
    stop = true;
    await Promise.all(traffic);
    assertEquals([...statuses.keys()], [201]);
    assertEquals(
      new Set(seen.slice(sent + 8).map(credentialOf)),
      new Set([`Bearer ${ROTATED}`]),
    );
    assertEquals(await gateway.metric("sms_gateway_setting_file_changes_total", "taken"), 1);
    return `in use after ${ms} ms; ${
      statuses.get(201)
    } of ${seen.length} sends were 201, none refused`;
  });

const broken = () =>
  scene(async ({ gateway, secrets, seen }) => {
    await secrets.write({ plans: `{"${PLAN}": "credential-cut-of` });
    await until("it is reported", async () =>
      (await gateway.degradation()).includes("file_refused:SERVICE_PLANS_FILE"), TAKEN_WITHIN_MS);
    assertEquals((await gateway.post("hello")).status, 201);
    assertEquals(credentialOf(seen.at(-1)!), `Bearer ${CREDENTIAL}`);
    const usable = () =>
      gateway.metric("sms_gateway_setting_file_usable", "SERVICE_PLANS_FILE");
    assertEquals(await usable(), 0);
    const lines = () =>
      gateway.notices().filter((line) =>
        line.includes("refused; the last good one stays")
      );
    await until("a log line", () => lines().length > 0);
    await secrets.write({ plans: plans(ROTATED) });
    await until("a good file ends it", async () => await usable() === 1, TAKEN_WITHIN_MS);
    assertEquals([await gateway.degradation(), lines().length], [[], 1]);
    await gateway.post("hello");
    assertEquals(credentialOf(seen.at(-1)!), `Bearer ${ROTATED}`);
    return "the last good file stays in use; one log line, /readyz and a metric name the setting; " +
      "a good file ends it";
  });

const hangup = () =>
  scene(async ({ gateway, secrets, seen }) => {
    const waits = [];
    for (let times = 1; times <= 5; times++) {
      await secrets.write({ plans: plans(`${ROTATED}-${times}`) });
      gateway.signal("SIGHUP");
      const from = performance.now();
      await until("the change", async () =>
        await gateway.metric("sms_gateway_setting_file_changes_total", "taken") === times);
      waits.push(performance.now() - from);
      await gateway.post("hello");
      assertEquals(credentialOf(seen.at(-1)!), `Bearer ${ROTATED}-${times}`);
    }
    const shortest = Math.min(...waits);
    assert(shortest < 400, `the fastest of five changes took ${shortest} ms`);
    return `in use ${Math.round(shortest)} ms after the signal, at best of five`;
  });

async function storePassword(): Promise<string> {
  await using folder = await dataFolder();
  const secrets = new MountedSecrets(`${folder.path}/data`);
  await using redis = await startRedis();
  const user = (password: string) =>
    redis.cli("acl", "setuser", "gateway", "on", "~*", "+@all", "resetpass", `>${password}`);
  const url = (password: string) => `redis://gateway:${password}@127.0.0.1:${redis.port}`;
  await user("first-password");
  await secrets.write({ state: url("first-password") });
  await using upstream = await rawUpstream();
  await using gateway = await startGateway({
    upstream: upstream.url,
    cwd: folder.path,
    env: { STATE_URL_FILE: secrets.path("state") },
  });
  const send = () => gateway.post("hello", { headers: { "idempotency-key": "k" } });
  const { status, text } = await send();
  assertEquals(status, 201);
  await user("second-password");
  await secrets.write({ state: url("second-password") });
  await until(
    "the change",
    async () => await gateway.metric("sms_gateway_setting_file_changes_total", "taken") === 1,
    TAKEN_WITHIN_MS,
  );
  await redis.cli("client", "kill", "type", "normal");
  await until("the store answers", async () => (await send()).status === 201);
  assertEquals([(await send()).text, upstream.seen.length], [text, 1]);
  return "after the password of Redis was changed and its connections were closed, repeats " +
    "still get the first answer, and there was one POST";
}

export default [
  {
    name: "files: rotation",
    did: "the API token in a mounted Kubernetes secret replaced under load",
    promised: "in use within 2 s, and no request is lost or refused",
    run: rotation,
  },
  {
    name: "files: broken",
    did: "a file of SERVICE_PLANS cut off, then a good one",
    promised: "a broken file is reported in log, /readyz and metrics, and the last good one stays",
    run: broken,
  },
  {
    name: "files: SIGHUP",
    did: "a changed file, and SIGHUP",
    promised: "SIGHUP reads the files at once",
    run: hangup,
  },
  {
    name: "files: password of the store",
    did: "another password for Redis, in the file of STATE_URL",
    promised: "a changed STATE_URL is taken over without a restart",
    run: needsRedis(storePassword),
  },
] satisfies Drill[];
