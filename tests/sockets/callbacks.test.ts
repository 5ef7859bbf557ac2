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
