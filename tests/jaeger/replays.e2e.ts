/**
 * Tests the answer of `ops/README.md` to "Was this message sent, and by which request?": from a
 * repeat to the first request, on another instance, with a real Jaeger and the sandbox.
 */

import { assert, assertEquals } from "@std/assert";
import { ATTR } from "../../telemetry/attributes.ts";
import { type GatewayProcess, startGateway } from "../observability/gateway_process.ts";
import { hex, issuer, tokenFor } from "../observability/traced_request.ts";
import {
  type Jaeger,
  type JaegerSpan,
  spanOfKind,
  startJaeger,
  tagsOf,
} from "../support/jaeger.ts";
import { startProgram } from "../support/process.ts";
import { until } from "../observability/until.ts";

const SERVICE = "sms-gateway";
const BATCHES = "/xms/v1/plan-1/batches";
const ROUTE = "/xms/v1/{service_plan_id}/batches";
const MESSAGE = { to: ["12025550142"], from: "12025550199", body: "Hello" };

const jaeger = await startJaeger();
if (!jaeger) {
  const missing = "no Jaeger: set JAEGER_BIN, for example to what .ci/install-jaeger prints";
  if (Deno.env.get("CI")) throw new Error(missing);
  // deno-lint-ignore no-console -- reports the skipped tests
  console.log(`skipped: ${missing}`);
}

const hasJq = await new Deno.Command("jq", { args: ["--version"], stdout: "null" }).output()
  .then(({ success }) => success, () => false);
if (!hasJq && Deno.env.get("CI")) throw new Error("no jq: install Debian's package jq");

/** A send, its repeat on another instance, and what Jaeger must have of them. */
interface Case {
  readonly name: string;
  readonly query?: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Body of the repeat; default: the same. */
  readonly repeatBody?: Readonly<Record<string, unknown>>;
  /** Statuses of first and repeat. */
  readonly statuses: readonly [first: number, repeat: number];
  /** `sms_gateway.idempotency` of the repeat. */
  readonly outcome: string;
  /** Status, or `error.type`, of the CLIENT span of the first. */
  readonly sent: string | number;
  /** Operations of the CLIENT spans of the repeat. */
  readonly asked: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: "a replay",
    body: MESSAGE,
    statuses: [201, 201],
    outcome: "replayed",
    sent: 201,
    asked: [],
  },
  {
    name: "another request with the key",
    body: MESSAGE,
    repeatBody: { ...MESSAGE, body: "Goodbye" },
    statuses: [201, 422],
    outcome: "reused",
    sent: 201,
    asked: [],
  },
  {
    name: "a repeat whose outcome the SMS API tells",
    query: "?sandbox_reset=mid_body",
    body: { ...MESSAGE, client_reference: "order-1" },
    statuses: [502, 201],
    outcome: "found_out",
    sent: "upstream_connection_lost",
    asked: [`GET ${ROUTE}`],
  },
  {
    name: "a repeat whose outcome stays unknown",
    query: "?sandbox_reset=before_headers",
    body: MESSAGE,
    statuses: [502, 502],
    outcome: "unknown",
    sent: "upstream_connection_lost",
    asked: [],
  },
];

Deno.test("Jaeger leads from every repeat to the request that was sent", {
  ignore: !jaeger,
}, async (t) => {
  await using there = jaeger!;
  await using setup = await startInstances(there);
  for (const one of CASES) {
    await t.step(one.name, async () => {
      const [key, otherKey] = [crypto.randomUUID(), crypto.randomUUID()];
      const { query = "", body, repeatBody = body, statuses, outcome } = one;
      const [a, b] = setup.gateways;
      assertEquals(await send(a, { key, query, body }), statuses[0]);
      assertEquals(await send(b, { key, query, body: repeatBody, id: otherKey }), statuses[1]);
      const repeat = await spanOf(there, {
        [ATTR.idempotency]: outcome,
        [ATTR.requestId]: otherKey,
      });
      const { traceID, spanID } = linkOf(repeat);
      const trace = await there.trace(traceID, { spans: 2 });
      const first = spanOfKind(trace, "server");
      assertEquals(first.spanID, spanID);
      assertEquals(tagsOf(first.tags)[ATTR.idempotency], "first");
      assertEquals(tagsOf(first.tags)[ATTR.requestId], key);
      const client = tagsOf(spanOfKind(trace, "client").tags);
      assertEquals(client["http.response.status_code"] ?? client["error.type"], one.sent);
      const own = await there.trace(repeat.traceID, { spans: 1 + one.asked.length });
      assertEquals(
        own.spans.filter((span) => tagsOf(span.tags)["span.kind"] === "client")
          .map(({ operationName }) => operationName),
        one.asked,
      );
      if (!hasJq) return;
      assertEquals(await printedFor(otherKey, there), [
        `client\t\t\t${one.sent}`,
        `server\t${key}\tfirst\t${statuses[0]}`,
      ]);
    });
  }
});

/** The lines that the commands of ops/README.md print for a repeat with this request id. */
async function printedFor(requestId: string, { queryUrl }: Jaeger): Promise<string[]> {
  const readme = await Deno.readTextFile(new URL("../../ops/README.md", import.meta.url));
  const blocks = [...readme.matchAll(/```sh\n([^]*?)```/g)].map(([, block = ""]) => block);
  const traces = blocks.map((block) => /^traces\(\) \{\n[^]*?^\}/m.exec(block)?.[0])
    .find((found) => found);
  const commands = blocks.find((block) => block.startsWith("# From the request with id Z"))
    ?.split("# The log lines")[0];
  assert(traces && commands?.includes('"Z"'));
  const script = `${traces}\n${commands}`.replaceAll("http://localhost:16686", queryUrl)
    .replace('"Z"', `"${requestId}"`);
  const { stdout, stderr } = await new Deno.Command("bash", { args: ["-c", script] }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout).trimEnd().split("\n").toSorted();
}

/** Two instances with common records, in front of the sandbox. */
async function startInstances({ otlpEndpoint }: Jaeger) {
  await using started = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "sms-gateway-state-" });
  started.defer(() => Deno.remove(folder, { recursive: true }));
  const sandbox = started.use(startProgram("sandbox/main.ts", {
    SANDBOX_PORT: "0",
    SERVICE_PLANS: JSON.stringify({ "plan-1": "credential-of-plan-1" }),
  }));
  const [, upstream = ""] = await sandbox.waitFor(/listens on (\S+)/);
  const env = {
    OTLP_ENDPOINT: otlpEndpoint,
    STATE_URL: `sqlite:${folder}/state.db`,
    STATE_TIMEOUT_MS: "2000",
  };
  const start = async () => started.use(await startGateway({ upstream, issuer, env }));
  const gateways = [await start(), await start()] as const;
  const owned = started.move();
  return { gateways, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

interface Send {
  readonly key: string;
  /** Default: the key. */
  readonly id?: string;
  readonly query: string;
  readonly body: unknown;
}

/** Sends in a new trace; the status of the answer. */
async function send(
  { url }: GatewayProcess,
  { key, id = key, query, body }: Send,
): Promise<number> {
  const response = await fetch(url + BATCHES + query, {
    method: "POST",
    headers: {
      authorization: `Bearer ${await tokenFor()}`,
      "content-type": "application/json",
      "idempotency-key": key,
      "x-request-id": id,
      traceparent: `00-${hex(16)}-${hex(8)}-01`,
    },
    body: JSON.stringify(body),
  });
  await response.body?.cancel();
  return response.status;
}

/** The SERVER span with these tags; waits for its export. */
async function spanOf(there: Jaeger, tags: Record<string, string>): Promise<JaegerSpan> {
  const found = await until("an exported span", async () => {
    const traces = await there.search({ service: SERVICE, tags });
    return traces.length > 0 && traces;
  });
  assertEquals(found.length, 1);
  return spanOfKind(found[0]!, "server");
}

/** The span that this one links to; its parent is a reference, too. */
function linkOf({ references }: JaegerSpan): { traceID: string; spanID: string } {
  const [link, ...more] = references.filter(({ refType }) => refType === "FOLLOWS_FROM");
  assert(link && more.length === 0, `${more.length + 1} links`);
  return link;
}
