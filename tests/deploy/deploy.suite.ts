import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { type Setting, SETTINGS, VARIABLES } from "../../settings.ts";
import { contractSuite } from "../contract/suite.ts";
import { createWorld, type World } from "../contract/world.ts";
import { DENO, LISTENING, startCommand } from "../runtimes/processes.ts";
import { type Sink, startSink } from "./sink.ts";

const BATCHES = "/xms/v1/plan-1/batches";
const MESSAGE = '{"from":"12345","to":["12025550142"],"body":"Hello"}';

/** Time after its SIGINT at which Deno Deploy kills an instance, in ms. */
const KILLED_AFTER_MS = 5_000;

/** Starts the gateway like Deno Deploy: all permissions, no flags, Deno's own telemetry on. */
function startAsDeploy(env: Record<string, string>) {
  return startCommand({
    command: DENO,
    args: ["run", "--allow-all", "main.ts"],
    env: { DENO_DEPLOY: "true", OTEL_DENO: "true", NO_COLOR: "1", ...env },
    port: LISTENING,
  });
}

/** The environment that sends Deno's own telemetry to the platform's collector, here a sink. */
const toPlatform = ({ url }: Sink) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
  OTEL_BSP_SCHEDULE_DELAY: "100",
  OTEL_METRIC_EXPORT_INTERVAL: "200",
});

const TRAITS = {
  rawTargets: true,
  provesUnsent: true,
  seesHangUps: true,
  keepsHeaderNames: true,
  hasStore: true,
};
const nowhere = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" };

contractSuite(
  "the gateway as Deno Deploy starts it",
  (env) => startAsDeploy({ ...nowhere, ...env }),
  TRAITS,
);

function rehearsal(guarantee: string, run: (world: World) => Promise<void>): void {
  Deno.test(guarantee, async () => {
    await using world = await createWorld(startAsDeploy, TRAITS);
    await run(world);
  });
}

rehearsal(
  "each backend gets one SERVER span of a request, and the gateway's spans keep their attributes",
  async (world) => {
    await using platform = startSink();
    await using ours = startSink();
    await using gateway = await world.start({ ...toPlatform(platform), OTLP_ENDPOINT: ours.url });
    const response = await world.request(`${BATCHES}?reply=unspaced`, { url: gateway.url });
    await response.body?.cancel();
    await until(() => ours.spans.length >= 2 && ofKind(platform, "SERVER").length >= 1);
    await delay(1_200); // by then a duplicate export would have arrived
    assertEquals(ours.spans.map(({ kind, name, scope }) => [kind, name, scope]).toSorted(), [
      ["CLIENT", "GET /xms/v1/{service_plan_id}/batches", "sms-gateway"],
      ["SERVER", "GET /xms/v1/{service_plan_id}/batches", "sms-gateway"],
    ]);
    for (const name of ["http.route", "http.response.status_code", "sms_gateway.request_id"]) {
      assert(ofKind(ours, "SERVER")[0]?.attributes.has(name), name);
    }
    assertEquals(ofKind(platform, "SERVER").length, 1);
    assertEquals(platform.spans.filter(({ scope }) => scope === "sms-gateway"), []);
    const [sent] = world.upstream.taken();
    const parents = sent?.headers.filter(([name]) => name === "traceparent") ?? [];
    assertEquals(parents.length, 1);
    assertMatch(parents[0]?.[1] ?? "", /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  },
);

rehearsal(
  "without OTLP_ENDPOINT the platform's collector gets no telemetry of the gateway",
  async (world) => {
    await using platform = startSink();
    await using gateway = await world.start(toPlatform(platform));
    const response = await world.request(`${BATCHES}?reply=unspaced`, { url: gateway.url });
    await response.body?.cancel();
    await until(() => ofKind(platform, "SERVER").length > 0);
    await delay(1_500);
    assertEquals(platform.spans.filter(({ scope }) => scope === "sms-gateway"), []);
    assertEquals(ofKind(platform, "SERVER").length, 1);
    for (const [name, scopes] of platform.metrics) assertEquals(scopes.size, 1, name);
  },
);

rehearsal(
  "after SIGINT an outstanding request is answered and its spans are exported",
  async (world) => {
    await using ours = startSink();
    const env = { ...nowhere, OTLP_ENDPOINT: ours.url, SHUTDOWN_GRACE_MS: "4500" };
    const started = await world.start({ ...env, UPSTREAM_TIMEOUT_MS: "4000" });
    await using gateway = started as Awaited<ReturnType<typeof startAsDeploy>>;
    const answered = world.request(`${BATCHES}?sandbox_delay_ms=2500`, {
      url: gateway.url,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: MESSAGE,
    });
    let arrived = world.upstream.taken();
    await until(() => (arrived = [...arrived, ...world.upstream.taken()]).length > 0);
    gateway.child.kill("SIGINT");
    const signalledAt = performance.now();
    const kill = setTimeout(() => gateway.child.kill("SIGKILL"), KILLED_AFTER_MS);
    const response = await answered;
    assertEquals([response.status, (await response.json()).body], [201, "Hello"]);
    const { code } = await gateway.child.status;
    clearTimeout(kill);
    assertEquals(code, 0);
    assert(performance.now() - signalledAt < KILLED_AFTER_MS);
    assertEquals(arrived.length + world.upstream.taken().length, 1);
    assertEquals(ours.spans.map(({ kind }) => kind).toSorted(), ["CLIENT", "SERVER"]);
  },
);

Deno.test("every setting has a name that Deno Deploy accepts", () => {
  const fallbacks = new Set(
    Object.values<Setting>(SETTINGS).flatMap((
      { fallback, fileFallback },
    ) => [fallback, fileFallback]),
  );
  const names = VARIABLES.filter((name) => !fallbacks.has(name));
  assertEquals(names.filter((name) => /^(DENO_|LD_|OTEL_|AWS_|GCP_|AZURE_)/.test(name)), []);
  assertEquals(names.filter((name) => name.length > 128), []);
});

Deno.test("deno.json has Deno Deploy's install command and entrypoint", async () => {
  const { deploy } = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  );
  assertEquals(deploy, {
    install: "deno install --frozen --entrypoint main.ts",
    runtime: { type: "dynamic", entrypoint: "main.ts" },
  });
});

function ofKind({ spans }: Sink, wanted: string) {
  return spans.filter(({ kind }) => kind === wanted);
}

async function until(isThere: () => boolean): Promise<void> {
  for (let waited = 0; !isThere(); waited += 20) {
    assert(waited < 10_000, "no telemetry arrived in time");
    await delay(20);
  }
}
