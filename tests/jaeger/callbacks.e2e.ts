/**
 * Tests that the whole life of a message is found by its batch id, with a real Jaeger, and with the
 * sandbox that sends signed callbacks.
 */

import { assert, assertEquals } from "@std/assert";
import { Webhook } from "standardwebhooks";
import { ATTR } from "../../telemetry/attributes.ts";
import { startGateway } from "../observability/gateway_process.ts";
import { hex, issuer, tokenFor } from "../observability/traced_request.ts";
import { until } from "../observability/until.ts";
import { type JaegerTrace, spanOfKind, startJaeger, tagsOf } from "../support/jaeger.ts";
import { startProgram } from "../support/process.ts";
import { refusedPort } from "../support/raw_upstream.ts";

const SERVICE = "sms-gateway";
const BATCHES = "/xms/v1/plan-1/batches";
const RECIPIENT = "12025550101"; // ends as Aborted, 402
const SECRET = "secret-of-the-account";
const WEBHOOK_SECRET = `whsec_${btoa("s".repeat(32))}`;

const jaeger = await startJaeger();
if (!jaeger) {
  const missing = "no Jaeger: set JAEGER_BIN, for example to what .ci/install-jaeger prints";
  if (Deno.env.get("CI")) throw new Error(missing);
  // deno-lint-ignore no-console -- reports the skipped tests
  console.log(`skipped: ${missing}`);
}

Deno.test(
  "a search for a batch id finds its send and every report, and each report leads to the send",
  {
    ignore: !jaeger,
    sanitizeResources: false,
    sanitizeOps: false,
  },
  async () => {
    const there = jaeger!;
    await using world = await startWorld(there.otlpEndpoint);
    const trace = hex(16);
    const response = await fetch(world.url + BATCHES, {
      method: "POST",
      headers: {
        authorization: `Bearer ${await tokenFor()}`,
        "content-type": "application/json",
        traceparent: `00-${trace}-${hex(8)}-01`,
      },
      body: JSON.stringify({ to: [RECIPIENT], body: "Hi", delivery_report: "per_recipient" }),
    });
    assertEquals(response.status, 201);
    const { id } = await response.json();
    const found = await until("the send and its reports", async () => {
      const traces = await there.search({ service: SERVICE, tags: { [ATTR.batchId]: id } });
      return codesIn(traces).includes(402) && traces;
    });
    const [send, ...others] = found.filter(({ traceID }) => traceID === trace);
    assert(send && others.length === 0);
    const sent = spanOfKind(send, "server");
    const reports = found.filter((one) => one !== send);
    assertEquals(codesIn(reports).at(-1), 402);
    for (const report of reports) {
      const server = spanOfKind(report, "server");
      const links = server.references.filter(({ refType }) => refType === "FOLLOWS_FROM");
      assertEquals(links.map(({ traceID, spanID }) => [traceID, spanID]), [[trace, sent.spanID]]);
      const { [ATTR.callbackOutcome]: outcome, [ATTR.callbackRelay]: relay } = tagsOf(server.tags);
      assertEquals([outcome, relay], ["relayed", "service"]);
      const client = spanOfKind(report, "client");
      assertEquals(tagsOf(client.tags)["http.response.status_code"], 200);
      const parent = world.received.find((traceparent) => traceparent.includes(report.traceID));
      assertEquals(parent?.split("-")[2], client.spanID, "the service continues the trace");
    }
    assertEquals(world.received.length, reports.length);
    assertEquals(JSON.stringify(found).includes(RECIPIENT), false);
  },
);

/** The delivery codes of the SERVER spans, in the order of time. */
function codesIn(traces: readonly JaegerTrace[]): unknown[] {
  return traces.flatMap(({ spans }) => spans)
    .toSorted((a, b) => a.startTime - b.startTime)
    .map(({ tags }) => tagsOf(tags)[ATTR.deliveryCode]).filter((code) => code !== undefined);
}

/** A sandbox that sends callbacks, a gateway that relays them, and a service that verifies them. */
async function startWorld(otlpEndpoint: string) {
  await using started = new AsyncDisposableStack();
  const webhook = new Webhook(WEBHOOK_SECRET);
  const received: string[] = [];
  const options = { port: 0, hostname: "127.0.0.1", onListen() {} };
  const service = Deno.serve(options, async (request) => {
    webhook.verify(await request.text(), Object.fromEntries(request.headers));
    received.push(request.headers.get("traceparent") ?? "");
    return new Response(null, { status: 200 });
  });
  started.defer(() => service.shutdown());
  const port = refusedPort();
  const sandbox = started.use(startProgram("sandbox/main.ts", {
    SANDBOX_PORT: "0",
    SERVICE_PLANS: JSON.stringify({ "plan-1": "credential-of-plan-1" }),
    SANDBOX_SEND_CALLBACKS: "on",
    SANDBOX_CALLBACK_URLS: JSON.stringify({
      "plan-1": `http://127.0.0.1:${port}/callbacks/plan-1`,
    }),
    SANDBOX_CALLBACK_SECRETS: JSON.stringify({ "plan-1": SECRET }),
  }));
  const [, upstream = ""] = await sandbox.waitFor(/listens on (\S+)/);
  const gateway = started.use(
    await startGateway({
      upstream,
      issuer,
      env: {
        PORT: String(port),
        OTLP_ENDPOINT: otlpEndpoint,
        CALLBACKS: JSON.stringify({
          plans: { "plan-1": { hmac: SECRET } },
          relays: [{
            name: "service",
            url: `http://127.0.0.1:${service.addr.port}/`,
            secret: WEBHOOK_SECRET,
            callers: ["*"],
          }],
        }),
      },
    }),
  );
  const owned = started.move();
  return { url: gateway.url, received, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
