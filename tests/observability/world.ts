import { parseConfig } from "../../config.ts";
import { createGateway } from "../../gateway.ts";
import { testEnv } from "../support/gateway.ts";
import { startProgram } from "../support/process.ts";
import { rawReply, rawUpstream, refusedPort } from "../support/raw_upstream.ts";
import { startGateway } from "./gateway_process.ts";
import type { GatewayName, Provocation } from "./provocations.ts";
import { issuer, send, type Sent } from "./traced_request.ts";

/** Options of {@linkcode startWorld}. */
export interface WorldOptions {
  /** Base URL of the collector. */
  otlpEndpoint: string;
}

/** The sandbox, broken upstreams, and a gateway in front of each. */
export interface World extends AsyncDisposable {
  /** Sends all provocations, in order for each gateway. */
  provoke(provocations: readonly Provocation[]): Promise<Sent[]>;
  /** Stops the gateway processes; returns their log lines and errors. */
  stop(): Promise<{ stdout: string; stderr: string }>;
}

const CREDENTIALS = { "plan-1": "credential-of-plan-1", "plan-2": "credential-2" };
const RECIPIENT = "12025550142";

/** Starts the gateways and upstreams of {@linkcode import("./provocations.ts").PROVOCATIONS}. */
export async function startWorld({ otlpEndpoint }: WorldOptions): Promise<World> {
  await using started = new AsyncDisposableStack();
  const common = {
    OTLP_ENDPOINT: otlpEndpoint,
    UPSTREAM_TIMEOUT_MS: "1000",
    UPSTREAM_IDLE_TIMEOUT_MS: "500",
    REQUEST_BODY_TIMEOUT_MS: "300",
    MAX_BODY_BYTES: "4000",
    BREAKER_FAILURES: "0",
  };
  const unreachable = `http://127.0.0.1:${refusedPort()}`;
  const sandbox = started.use(startProgram("sandbox/main.ts", {
    SANDBOX_PORT: "0",
    SERVICE_PLANS: JSON.stringify(CREDENTIALS),
  }));
  const flaky = started.use(await flakyUpstream());
  const cutting = started.use(await cuttingUpstream());
  const [, sandboxUrl = ""] = await sandbox.waitFor(/listens on (\S+)/);
  const ids = await fill(sandboxUrl);
  const environments: Record<Exclude<GatewayName, "faulty">, [string, Record<string, string>?]> = {
    usual: [sandboxUrl],
    unreachable: [unreachable],
    broken: [unreachable, { BREAKER_FAILURES: "1", BREAKER_RESET_MS: "60000" }],
    keyless: [sandboxUrl, { AUTH_JWKS_URL: `${unreachable}/keys` }],
    retrying: [flaky.url, { RETRY_ATTEMPTS: "2" }],
    cut: [cutting.url],
  };
  const processes = await Promise.all(
    Object.entries(environments).map(async ([name, [upstream, env]]) => {
      const gateway = await startGateway({ upstream, env: { ...common, ...env }, issuer });
      return [name, started.use(gateway)] as const;
    }),
  );
  const faulty = started.use(faultyGateway({ ...common, SMS_API_URL: unreachable }));
  const ports = new Map<string, number>([
    ...processes.map(([name, { port }]) => [name, port] as const),
    ["faulty", faulty.port],
  ]);

  async function provokeOne(
    gateway: string,
    provocations: readonly Provocation[],
  ): Promise<Sent[]> {
    const sent: Sent[] = [];
    for (const provocation of provocations) {
      const { plan = "plan-1" } = provocation;
      const parameters: Record<string, string> = {
        ...ids,
        service_plan_id: plan,
        recipient_msisdn: RECIPIENT,
      };
      const target = provocation.target.replace(
        /\{(\w+)\}/g,
        (_, name: string) => parameters[name] ?? "",
      );
      sent.push(await send(ports.get(gateway) ?? 0, { ...provocation, plan, target }));
    }
    return sent;
  }

  const owned = started.move();
  return {
    async provoke(provocations) {
      const byGateway = Map.groupBy(provocations, ({ gateway }) => gateway);
      const sent = await Promise.all(
        [...byGateway].map(([gateway, own]) => provokeOne(gateway, own)),
      );
      return sent.flat();
    },
    async stop() {
      await faulty.flush();
      const outputs = await Promise.all(processes.map(([, gateway]) => gateway.stop()));
      return {
        stdout: outputs.map(({ stdout }) => stdout).join(""),
        stderr: outputs.map(({ stderr }) => stderr).join(""),
      };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Creates a resource for every identifier, directly at the sandbox, so that it has no trace. */
async function fill(sandboxUrl: string): Promise<Record<string, string>> {
  const base = `${sandboxUrl}/xms/v1/plan-1`;
  const headers = { authorization: "Bearer credential-of-plan-1" };
  async function idOf(path: string, body?: unknown): Promise<string> {
    const response = await fetch(base + path, {
      headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
    });
    const { id, inbounds, text } = await response.json();
    if (text) throw new Error(`the sandbox refuses ${path}: ${text}`);
    return id ?? inbounds[0].id;
  }
  const message = {
    to: [RECIPIENT],
    body: "Hello",
    feedback_enabled: true,
    delivery_report: "full",
    callback_url: "https://callback.test",
    send_at: new Date(Date.now() + 3_600_000).toISOString(),
  };
  return {
    batch_id: await idOf("/batches", message),
    group_id: await idOf("/groups", { name: "everybody", members: [RECIPIENT] }),
    inbound_id: await idOf("/inbounds"),
  };
}

/** An upstream that answers 503 to its first request only. */
function flakyUpstream() {
  let requests = 0;
  return rawUpstream(async (connection) => {
    while (await connection.readRequest()) {
      await connection.write(requests++ === 0 ? rawReply(503, "{}") : rawReply(200, "{}"));
    }
  });
}

/** An upstream that cuts an answer that is too long for the gateway to buffer. */
function cuttingUpstream() {
  const head =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 300000\r\n\r\n";
  return rawUpstream(async (connection) => {
    await connection.readRequest();
    await connection.write(head + " ".repeat(200_000));
    connection.close();
  });
}

/** A gateway in this process whose transport throws an unexpected error. */
function faultyGateway(env: Record<string, string>) {
  const config = parseConfig({ ...testEnv(issuer), ...env });
  const gateway = createGateway(config, {
    transport: {
      send: () => Promise.reject(new TypeError("a bug")),
      close: () => Promise.resolve(),
    },
  });
  const options = { port: 0, hostname: "127.0.0.1", onListen() {} };
  const server = Deno.serve(options, (request, info) => gateway.fetch(request, info));
  return {
    port: server.addr.port,
    flush: () => gateway.close(),
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await gateway.close();
    },
  };
}
