import { assert, assertEquals } from "@std/assert";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import type { TLSSocket } from "node:tls";
import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { certificateAuthority } from "../support/certificates.ts";
import { testIssuer } from "../support/issuer.ts";
import { startProgram } from "../support/process.ts";
import { until } from "./until.ts";

interface Received {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly clientName: string | undefined;
}

/** A collector over TLS that wants a header, gzip and a client certificate. */
async function strictCollector() {
  const authority = await certificateAuthority();
  const server = createServer({
    ...await authority.issue(),
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const received: Received[] = [];
  const answers: number[] = [];
  server.on("request", async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { headers, url = "" } = request;
    if (headers["api-key"] !== "key,with=signs") return void response.writeHead(401).end();
    if (headers["content-encoding"] !== "gzip") return void response.writeHead(415).end();
    const body = gunzipSync(Buffer.concat(chunks)).toString();
    // deno-lint-ignore no-explicit-any -- node:https does not type the socket of a request
    const { subject } = (request.socket as any as TLSSocket).getPeerCertificate();
    received.push({ path: url, headers, body, clientName: String(subject?.CN) });
    response.writeHead(answers.shift() ?? 200, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    url: `https://localhost:${port}`,
    authority,
    received,
    answers,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

Deno.test("spans and metrics reach a collector that demands TLS of a private authority, a client certificate, a header, gzip and paths of its own", async () => {
  await using collector = await strictCollector();
  const { authority, received } = collector;
  const client = await authority.issue({ host: "gateway-client" });
  const folder = await Deno.makeTempDir();
  const files = { ca: authority.cert, cert: client.cert, key: client.key, headers: HEADERS };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  const issuer = await testIssuer();
  await using program = startProgram("main.ts", {
    PORT: "0",
    HOST: "127.0.0.1",
    LOG_FORMAT: "json",
    SHUTDOWN_GRACE_MS: "2000",
    SMS_API_URL: "http://127.0.0.1:1",
    SERVICE_PLANS: '{"plan-1":"token"}',
    AUTH_JWKS: JSON.stringify(issuer.jwks),
    AUTH_ISSUER: issuer.issuer,
    AUTH_AUDIENCE: issuer.audience,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/tenants/sms/spans`,
    OTLP_HEADERS_FILE: `${folder}/headers`,
    OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
    OTEL_EXPORTER_OTLP_CERTIFICATE: `${folder}/ca`,
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: `${folder}/cert`,
    OTEL_EXPORTER_OTLP_CLIENT_KEY: `${folder}/key`,
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test,service.namespace=sms",
    METRICS_EXPORT: "otlp",
  });
  const [, port] = await program.waitFor(/"listening","url":"http:\/\/[^"]*:(\d+)"/);
  const response = await fetch(`http://127.0.0.1:${port}/xms/v1/plan-1/batches`);
  await response.body?.cancel();
  await until("spans", () => received.some(({ path }) => path === "/tenants/sms/spans"));
  program.kill("SIGTERM");
  const { stdout, stderr } = await program.ended();
  assertEquals(
    new Set(received.map(({ path }) => path)),
    new Set(["/tenants/sms/spans", "/v1/metrics"]),
  );
  assertEquals(new Set(received.map(({ clientName }) => clientName)), new Set(["gateway-client"]));
  const [{ resource }] = JSON.parse(received[0]!.body).resourceSpans;
  const attributes = new Map<string, string>(
    resource.attributes.map(({ key, value }: { key: string; value: { stringValue: string } }) => [
      key,
      value.stringValue,
    ]),
  );
  assertEquals(
    ["service.name", "deployment.environment.name", "service.namespace"].map((name) =>
      attributes.get(name)
    ),
    ["sms-gateway", "test", "sms"],
  );
  assert(/^[0-9a-f-]{36}$/.test(attributes.get("service.instance.id") ?? ""));
  assert(!(stdout + stderr).includes("with=signs"), "a header was logged");
  await Deno.remove(folder, { recursive: true });
});

/** As OTEL_EXPORTER_OTLP_HEADERS has them. */
const HEADERS = "api-key=key%2Cwith%3Dsigns\n";
