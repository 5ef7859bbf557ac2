import { assert, assertEquals } from "@std/assert";
import { startCollector } from "./kit/collector.ts";
import type { Drill } from "./kit/drill.ts";
import { startCommand, startGateway } from "./kit/gateway_process.ts";
import { rawUpstream } from "./kit/raw_upstream.ts";

/** The permissions of the start task. */
const GRANTED = ["--allow-net", "--allow-env"];

async function leastPrivilege(): Promise<string> {
  const flags = (await startCommand()).filter((arg) => arg.startsWith("-"));
  const names = flags.map((flag) => flag.split("=", 1)[0] ?? "");
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

export default [
  {
    name: "privilege: start task",
    did: "the start task's own command, with traces and metrics exported",
    promised: "net access and named variables are enough: no read, write, run or FFI",
    run: leastPrivilege,
  },
] satisfies Drill[];
