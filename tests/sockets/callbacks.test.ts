import { assertEquals } from "@std/assert";
import { fetchTransport } from "../../upstream/fetch_transport.ts";
import { undiciTransport } from "../../upstream/undici_transport.ts";
import {
  callbackGateway,
  oldBatchId,
  recipientReport,
  SETTINGS,
  signed,
} from "../callbacks/kit.ts";
import { exchangeRaw, rawRequest } from "../support/raw_client.ts";
import { serveGateway } from "../support/served.ts";
import { rawUpstream, type Script } from "../support/raw_upstream.ts";

const TRANSPORTS = {
  undici: () => undiciTransport({ connectTimeoutMs: 1_000 }),
  fetch: () => fetchTransport(),
};

const HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";

/** How the body of a 2xx ends early. */
const ENDINGS: Record<string, Script> = {
  "is cut": async (connection) => {
    if (!await connection.readRequest()) return;
    await connection.write(`${HEAD}1`);
    connection.close();
  },
  "does not come": async (connection) => {
    if (await connection.readRequest()) await connection.write(HEAD);
    await connection.closed;
  },
};

for (const [runtime, transport] of Object.entries(TRANSPORTS)) {
  for (const [ending, script] of Object.entries(ENDINGS)) {
    Deno.test(`a callback whose service answers 2xx is acknowledged though the body ${ending} (${runtime})`, async () => {
      await using service = await rawUpstream(script);
      const relays = SETTINGS.relays.map((relay) => ({ ...relay, url: service.url }));
      const relayTransport = transport();
      const { post } = await callbackGateway({
        settings: { ...SETTINGS, relays },
        deps: { relayTransport },
      });
      const startedAt = performance.now();
      assertEquals((await post(signed(recipientReport(oldBatchId())))).status, 200);
      assertEquals(performance.now() - startedAt < 900, true, "waits for the body");
      await relayTransport.close();
    });
  }
}

const REPORT = signed(recipientReport(oldBatchId()));

/** How the body of an authentic callback does not arrive. */
const BODIES: Record<string, { body: string; fields: readonly string[] }> = {
  "comes too slowly": {
    body: REPORT.body.slice(0, -1),
    fields: [`Content-Length: ${REPORT.body.length}`],
  },
  "comes too slowly in chunks": {
    body: `1\r\n{\r\n`,
    fields: ["Transfer-Encoding: chunked"],
  },
  "comes in too many small chunks": {
    body: "1\r\n{\r\n".repeat(3_000),
    fields: ["Transfer-Encoding: chunked"],
  },
};

for (const [what, { body, fields }] of Object.entries(BODIES)) {
  Deno.test(`a callback whose body ${what} is 503, so that the API repeats it`, async () => {
    const env = { CALLBACKS: JSON.stringify(SETTINGS), REQUEST_BODY_TIMEOUT_MS: "200" };
    await using gateway = await serveGateway({ upstream: "http://upstream.test", env });
    const headers = Object.entries(REPORT.headers).map(([name, value]) => `${name}: ${value}`);
    const request = rawRequest("POST", "/callbacks/plan-1", [...headers, ...fields], body);
    const { status } = await exchangeRaw(gateway.port, request);
    assertEquals(status, 503);
    assertEquals((await gateway.finished()).callback?.outcome, undefined);
  });
}

Deno.test("batches that could not be remembered are a metric, only with CALLBACKS", async () => {
  for (const [CALLBACKS, isThere] of [[JSON.stringify(SETTINGS), true], ["", false]] as const) {
    await using gateway = await serveGateway({
      upstream: "http://upstream.test",
      env: { CALLBACKS },
    });
    const response = await gateway.request("/metrics");
    assertEquals(/^sms_gateway_batches_lost_total\S* 0/m.test(await response.text()), isThere);
  }
});
