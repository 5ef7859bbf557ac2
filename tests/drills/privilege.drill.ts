import { assert, assertEquals, assertMatch } from "@std/assert";
import { startCollector } from "./kit/collector.ts";
import type { Drill } from "./kit/drill.ts";
import { startCommand, startGateway } from "./kit/gateway_process.ts";
import { rawUpstream } from "./kit/raw_upstream.ts";

/** The permissions of the start task. */
const GRANTED = [
  "--allow-net",
  "--allow-read=data,/run/secrets,/etc/sms-gateway,/dev/null",
  "--allow-write=data",
  "--allow-env",
];

async function leastPrivilege(): Promise<string> {
  const flags = (await startCommand()).filter((arg) => arg.startsWith("-"));
  const names = flags.map((flag) => flag.replace(/^(--allow-env)=\w.*/, "$1"));
  assertEquals(names.filter((name) => /^(-A|--allow)/.test(name)), GRANTED);
  assert(flags.some((flag) => /^--allow-env=\w/.test(flag)), "variables are granted by name");
  assert(names.includes("--no-prompt"));

  await using collector = startCollector();
  await using upstream = await rawUpstream();
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { OTLP_ENDPOINT: collector.url, METRICS_EXPORT: "otlp" },
  });
  assertEquals((await gateway.post("hello")).status, 201);
  assertEquals((await gateway.call("/batches")).status, 200);
  return `granted: ${GRANTED.join(", ")} (by name); with that a POST, a GET, spans and pushed ` +
    `metrics work, and nothing is written to standard error`;
}

async function dataFolder(): Promise<string> {
  await using upstream = await rawUpstream();
  const start = (file: string) =>
    startGateway({ upstream: upstream.url, env: { STATE_URL: `sqlite:${file}` } });
  const folder = `data/${crypto.randomUUID()}`;
  const root = new URL("../../", import.meta.url);
  try {
    await using gateway = await start(`${folder}/state.db`);
    const headers = { "idempotency-key": "k" };
    const bodies = [];
    for (let times = 0; times < 2; times++) {
      const { status, text } = await gateway.post("hello", { headers });
      assertEquals(status, 201);
      bodies.push(text);
    }
    assertEquals([upstream.seen.length, bodies[0]], [1, bodies[1]]);
  } finally {
    await Deno.remove(new URL(folder, root), { recursive: true });
  }
  const elsewhere = `tests/${crypto.randomUUID()}`;
  const refusal = await start(`${elsewhere}/state.db`).then(() => "it started", String);
  assertMatch(refusal, /STATE_URL cannot be opened/);
  const exists = await Deno.stat(new URL(elsewhere, root)).then(() => true, () => false);
  assert(!exists, "a folder was made elsewhere");
  return "a store below data works; elsewhere the start ends with a message, and nothing is written";
}

export default [
  {
    name: "privilege: start task",
    did: "the start task's own command, with traces and metrics exported",
    promised:
      "net access and named variables are enough: no run or FFI, and no files but data and secrets",
    run: leastPrivilege,
  },
  {
    name: "privilege: folder of the store",
    did: "the start task with an SQLite store below data, and with one elsewhere",
    promised: "the folder data is the only one that can be written",
    run: dataFolder,
  },
] satisfies Drill[];
