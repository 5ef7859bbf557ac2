import { assert, assertEquals } from "@std/assert";
import { startCollector } from "./kit/collector.ts";
import type { Drill } from "./kit/drill.ts";
import { startCommand, startGateway } from "./kit/gateway_process.ts";
import { rawUpstream } from "./kit/raw_upstream.ts";

/** The permissions of the start task. */
const GRANTED = ["--allow-net", "--allow-read=data", "--allow-write=data", "--allow-env"];

async function leastPrivilege(): Promise<string> {
  const flags = (await startCommand()).filter((arg) => arg.startsWith("-"));
  const granted = flags.filter((flag) => /^(-A|--allow)/.test(flag))
    .map((flag) => flag.replace(/^(--allow-env)=.*$/, "$1"));
  assertEquals(granted, GRANTED);
  assert(flags.some((flag) => /^--allow-env=\w/.test(flag)), "variables are granted by name");
  assert(flags.includes("--no-prompt"));

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
    promised: "net access, named variables and the folder `data` are enough: no run or FFI",
    run: leastPrivilege,
  },
] satisfies Drill[];
