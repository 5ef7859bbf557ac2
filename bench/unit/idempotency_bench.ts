import { parseConfig } from "../../config.ts";
import { createGateway } from "../../gateway.ts";
import { MemoryCounters } from "../../state/memory_counters.ts";
import { StoreHealth } from "../../state/health.ts";
import type { StateStore } from "../../state/store.ts";
import { jsonReply, testEnv } from "../../tests/support/gateway.ts";
import { testIssuer } from "../../tests/support/issuer.ts";
import { withEachStore } from "./stores.ts";

/** What an idempotency key costs: sends through the whole gateway, without sockets to the API. */

/** Requests under way at once, as they share the connection to Redis. */
const CONCURRENT = 32;

const issuer = await testIssuer("RS256");
const config = parseConfig(testEnv(issuer));
const token = await issuer.token({ expiresInS: 86_400 });
const message = {
  from: "15551231235",
  to: ["15551231234"],
  body: "Your parcel is on its way and will arrive today between 14:00 and 16:00.",
  client_reference: "order-2026-0001",
};
const bytes = new TextEncoder().encode(JSON.stringify(message));
const reply = jsonReply(201, { id: "01FC66621VHDBN119Z8PMV1QPQ", ...message, canceled: false });

function send(fetch: ReturnType<typeof createGateway>["fetch"], key?: string): Promise<Uint8Array> {
  const request = new Request("http://gateway.test/xms/v1/plan-1/batches", {
    method: "POST",
    headers: {
      "authorization": `Bearer ${token}`,
      "content-type": "application/json",
      "content-length": `${bytes.length}`,
      ...key && { "idempotency-key": key },
    },
    body: bytes,
  });
  return Promise.resolve(fetch(request)).then((response) => response.bytes());
}

function bench(name: string, store: StateStore, options: { baseline?: boolean } = {}): void {
  const transport = { send: () => Promise.resolve(reply), close: () => Promise.resolve() };
  const { fetch } = createGateway(config, {
    transport,
    state: { store, counters: new MemoryCounters(), health: new StoreHealth() },
  });
  const many = async (key: () => string | undefined) => {
    await Promise.all(Array.from({ length: CONCURRENT }, () => send(fetch, key())));
  };
  if (options.baseline) {
    Deno.bench(
      `${CONCURRENT} sends without a key`,
      { baseline: true },
      () => many(() => undefined),
    );
  }
  Deno.bench(`${CONCURRENT} sends with a key, ${name}`, () => many(() => crypto.randomUUID()));
  Deno.bench(`${CONCURRENT} replays, ${name}`, () => many(() => "the same key"));
}

await withEachStore((name, store) => bench(name, store, { baseline: name === "memory" }));
