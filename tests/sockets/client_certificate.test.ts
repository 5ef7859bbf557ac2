import { once } from "node:events";
import { createServer } from "node:https";
import type { TLSSocket } from "node:tls";
import { assertEquals } from "@std/assert";
import { proxies } from "../../proxy.ts";
import { type ClientCertificate, undiciTransport } from "../../upstream/undici_transport.ts";
import { certificateAuthority } from "../support/certificates.ts";
import { startProxy } from "../support/connect_proxy.ts";
import { startGateway } from "../observability/gateway_process.ts";
import { plainGet } from "../support/plain_get.ts";

const ca = await certificateAuthority();
const [server, first, second] = await Promise.all([
  ca.issue(),
  ca.issue({ host: "first" }),
  ca.issue({ host: "second" }),
]);

/** An API that answers with the subject of the client certificate, and refuses who has none. */
async function serveMutualTls() {
  const options = { ...server, ca: ca.cert, requestCert: true, rejectUnauthorized: true };
  const api = createServer(options, (request, response) => {
    const socket = request.socket as TLSSocket; // of an https server
    const { subject } = socket.getPeerCertificate();
    request.resume();
    response.writeHead(201, { "content-type": "application/json" });
    response.end(JSON.stringify({ subject: subject.CN }));
  });
  api.listen(0, "127.0.0.1");
  await once(api, "listening");
  const address = api.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return {
    url: `https://localhost:${address.port}`,
    async [Symbol.asyncDispose]() {
      api.closeAllConnections();
      const closed = once(api, "close");
      api.close();
      await closed;
    },
  };
}

for (const [name, certificate] of [["its", first], ["no", undefined]] as const) {
  Deno.test(`an API that asks for client certificates ${certificate ? "accepts" : "refuses"} a gateway with ${name} certificate`, async () => {
    await using api = await serveMutualTls();
    const caFile = await Deno.makeTempFile({ suffix: ".pem" });
    try {
      await Deno.writeTextFile(caFile, ca.cert);
      await using gateway = await startGateway({
        upstream: api.url,
        env: {
          DENO_CERT: caFile,
          ...certificate && { SMS_CLIENT_CERT: certificate.cert, SMS_CLIENT_KEY: certificate.key },
        },
      });
      const response = await fetch(`${gateway.url}/xms/v1/plan-1/batches`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${await gateway.token()}`,
          "content-type": "application/json",
        },
        body: "{}",
      });
      const body = await response.json();
      if (certificate) assertEquals([response.status, body], [201, { subject: "first" }]);
      else assertEquals([response.status >= 502, body.subject], [true, undefined]);
    } finally {
      await Deno.remove(caFile);
    }
  });
}

Deno.test("a client certificate is presented through a proxy, and replaced for the requests from then on", async () => {
  await using api = await serveMutualTls();
  await using proxy = await startProxy();
  const options = {
    connectTimeoutMs: 20_000,
    proxyOf: proxies({ https: proxy.url, http: undefined, no: "" }),
    clientCertificate: { ...first, ca: ca.cert } as ClientCertificate,
  };
  const transport = undiciTransport(options);
  const subject = async () => {
    const { body } = await transport.send(plainGet(api.url));
    return body instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(body)).subject : "";
  };
  assertEquals(await subject(), "first");
  transport.reconnect({ ...second, ca: ca.cert } as ClientCertificate);
  assertEquals(await subject(), "second");
  assertEquals(proxy.targets.length, 2);
  await transport.close();
});
