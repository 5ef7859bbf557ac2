/**
 * Runs the gateway with a sandbox SMS API and a newly generated signing key, and prints a token and
 * curl commands. Needs no account. Accepts `PORT` and all other settings of the gateway.
 */
import { ConfigError } from "../config.ts";
import { DEFAULT_COLLECTOR, introduction } from "../demo/introduction.ts";
import { tracePath } from "../demo/paths.ts";
import { demoLine } from "../demo/request_line.ts";
import { tracePages } from "../demo/trace_pages.ts";
import { TraceStore } from "../demo/trace_store.ts";
import { serve } from "../entry/deno_server.ts";
import { exportLogs } from "../entry/export_logs.ts";
import { loadConfig } from "../entry/load_config.ts";
import { openState } from "../entry/open_state.ts";
import { ListenError } from "../entry/server.ts";
import { writeToStdout } from "../entry/stdout.ts";
import { createGateway } from "../gateway.ts";
import { createSandbox } from "../sandbox/app.ts";
import { serveSandbox } from "../sandbox/serve.ts";
import { setupLogs } from "../telemetry/log_output.ts";
import { undiciTransport } from "../upstream/undici_transport.ts";
import { AUDIENCE, CLIENT_ID, CLIENT_SECRET, demoIssuer, ISSUER, PLAN } from "./demo_issuer.ts";
import { demoService } from "./demo_service.ts";
import { prefilledReference } from "./prefilled_reference.ts";

const CREDENTIAL = "demo-token";

/** A short deadline, so that nobody waits 8 s for the demo of a timeout. */
const TIMEOUT_MS = 2_000;

/** Shows how a policy refuses a destination; the examples of the reference are allowed. */
const POLICIES = [{ name: "demo", callers: ["*"], countries: ["SE", "US", "GB"] }];

async function demo(): Promise<void> {
  const issuer = await demoIssuer();
  const token = await issuer.token();
  const callbackSecret = crypto.randomUUID();
  const api = createSandbox({
    servicePlans: { [PLAN]: CREDENTIAL },
    sendCallbacks: true,
    callbackSecrets: { [PLAN]: callbackSecret },
  });
  const sandbox = await serveSandbox(api);
  const service = demoService({ print });
  const tokens = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    issuer.tokenEndpoint,
  );
  // For callers with a policy in the mode `test`.
  const trial = await serveSandbox(createSandbox({ servicePlans: { [PLAN]: CREDENTIAL } }));
  const env = Deno.env.toObject();
  const collector = env.OTLP_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT || await findCollector();
  const config = await loadConfig({
    UPSTREAM_TIMEOUT_MS: `${TIMEOUT_MS}`,
    POLICIES: JSON.stringify(POLICIES),
    CALLBACKS: JSON.stringify(service.callbacks({ plan: PLAN, hmac: callbackSecret })),
    TEST_API_URL: trial.url,
    TEST_API_TOKEN: CREDENTIAL,
    ...env,
    SMS_API_URL: sandbox.url,
    SERVICE_PLANS: JSON.stringify({ [PLAN]: CREDENTIAL }),
    AUTH_JWKS: JSON.stringify(issuer.jwks),
    AUTH_JWKS_URL: undefined,
    AUTH_ISSUERS: undefined,
    AUTH_TOKEN_URL: `http://127.0.0.1:${tokens.addr.port}/oauth2/token`,
    AUTH_ISSUER: ISSUER,
    AUTH_AUDIENCE: AUDIENCE,
    OTLP_ENDPOINT: collector,
  });
  let url = ""; // known once the server listens
  const logExport = await exportLogs(config);
  const log = await setupLogs({
    exporter: logExport?.exporter,
    level: config.log.level,
    format: config.log.format === "json" ? "json" : demoLine((id) => url + tracePath(id)),
    write: writeToStdout,
  });
  const transport = undiciTransport({ connectTimeoutMs: config.upstream.timeoutMs });
  const state = await openState(config);
  const traces = new TraceStore();
  const gateway = createGateway(config, {
    transport,
    accessLog: log.sink,
    spanProcessors: [traces],
    ...state && { state },
  });
  const reference = prefilledReference(gateway.fetch, { service_plan_id: PLAN, token });
  const server = serve({ ...gateway, fetch: tracePages(reference, traces) }, config);
  url = `http://localhost:${server.port}`;
  api.setCallbackUrl(PLAN, `http://127.0.0.1:${server.port}/callbacks/${PLAN}`);
  const client = { id: CLIENT_ID, secret: CLIENT_SECRET };
  print(introduction({ url, plan: PLAN, token, client, timeoutMs: TIMEOUT_MS, collector }));
  await server.stopped;
  await log.close();
  api.close();
  await Promise.all([tokens.shutdown(), service.close()]);
  await Promise.all([sandbox.close(), trial.close()]);
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
