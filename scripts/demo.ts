/**
 * Runs the gateway with a sandbox SMS API and a newly generated signing key, and prints a token and
 * curl commands. Needs no account. Accepts `PORT` and all other settings of the gateway.
 */
import { ConfigError } from "../config.ts";
import { serve } from "../entry/deno_server.ts";
import { loadConfig } from "../entry/load_config.ts";
import { openState } from "../entry/open_state.ts";
import { ListenError } from "../entry/server.ts";
import { writeToStdout } from "../entry/stdout.ts";
import { createGateway } from "../gateway.ts";
import { createSandbox } from "../sandbox/app.ts";
import { serveSandbox } from "../sandbox/serve.ts";
import { setupLogs } from "../telemetry/log_output.ts";
import { undiciTransport } from "../upstream/undici_transport.ts";
import { AUDIENCE, demoIssuer, ISSUER, PLAN } from "./demo_issuer.ts";
import { prefilledReference } from "./prefilled_reference.ts";

const CREDENTIAL = "demo-token";

/** Where an OpenTelemetry collector, such as Jaeger, listens by default. */
const DEFAULT_COLLECTOR = "http://localhost:4318";

async function demo(): Promise<void> {
  const issuer = await demoIssuer();
  const token = await issuer.token();
  const sandbox = await serveSandbox(createSandbox({ servicePlans: { [PLAN]: CREDENTIAL } }));
  const env = Deno.env.toObject();
  const collector = env.OTLP_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT || await findCollector();
  const config = await loadConfig({
    ...env,
    SMS_API_URL: sandbox.url,
    SERVICE_PLANS: JSON.stringify({ [PLAN]: CREDENTIAL }),
    AUTH_JWKS: JSON.stringify(issuer.jwks),
    AUTH_JWKS_URL: undefined,
    AUTH_ISSUER: ISSUER,
    AUTH_AUDIENCE: AUDIENCE,
    OTLP_ENDPOINT: collector,
  });
  const log = await setupLogs({
    level: config.log.level,
    format: config.log.format === "json" ? "json" : "text",
    write: writeToStdout,
  });
  const transport = undiciTransport(sandbox.url, { connectTimeoutMs: config.upstream.timeoutMs });
  const state = await openState(config);
  const gateway = createGateway(config, { transport, accessLog: log.sink, ...state && { state } });
  const fetch = prefilledReference(gateway.fetch, { service_plan_id: PLAN, token });
  const server = serve({ ...gateway, fetch }, config);
  print(introduction(`http://localhost:${server.port}`, collector, token));
  await server.stopped;
  await log.close();
  await sandbox.close();
}

/** The default collector, if it responds. */
async function findCollector(): Promise<string | undefined> {
  try {
    const response = await fetch(`${DEFAULT_COLLECTOR}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"resourceSpans":[]}',
      signal: AbortSignal.timeout(500),
    });
    await response.body?.cancel();
    return response.ok ? DEFAULT_COLLECTOR : undefined;
  } catch {
    return undefined;
  }
}

function introduction(url: string, collector: string | undefined, token: string): string {
  const base = `${url}/xms/v1/${PLAN}`;
  const authorization = `-H 'Authorization: Bearer ${token}'`;
  const json = `-H 'Content-Type: application/json'`;
  const send = (to: string) =>
    `-d '{"from":"12345","to":["${to}"],"body":"Hello from the sandbox"}'`;
  return `
SMS gateway   ${url}   (in front of a sandbox SMS API: nothing is really sent)
Traces        ${
    collector
      ? `${collector}   (Jaeger shows them at http://localhost:16686)`
      : `one line a request below, with its trace id   (OTLP_ENDPOINT=${DEFAULT_COLLECTOR} sends them to Jaeger)`
  }

Send an SMS (201):
curl -i ${base}/batches ${authorization} ${json} ${send("+46701234567")}

Send it once: paste it twice (201 with the same id, then Idempotent-Replayed: true):
curl -i ${base}/batches ${authorization} ${json} -H 'Idempotency-Key: ${crypto.randomUUID()}' ${
    send("+46701234567")
  }

List what was sent (200):
curl -i ${base}/batches ${authorization}

An unknown group (403 unknown_group):
curl -i ${base}/batches ${authorization} ${json} ${send("01FC66621VHDBN119Z8PMV1QPU")}

A batch that does not exist (404, no body):
curl -i ${base}/batches/01FC66621VHDBN119Z8PMV1QPQ ${authorization}

Without the media type of JSON (415):
curl -i ${base}/batches ${authorization} -H 'Content-Type: text/plain' ${send("+46701234567")}

For the samples of the reference:
export TOKEN=${token}

Reference of all operations, with samples and forms that have plan and token filled in: ${url}/

Ctrl-C stops the demo. Requests:
`;
}

function print(text: string): void {
  // deno-lint-ignore no-console -- a command-line program
  console.log(text);
}

try {
  await demo();
  Deno.exit(0);
} catch (error) {
  const isExpected = error instanceof ConfigError || error instanceof ListenError;
  // deno-lint-ignore no-console -- a command-line program
  console.error(isExpected ? error.message : error);
  Deno.exit(1);
}
