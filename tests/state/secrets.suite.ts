import { openStore } from "../../state/open.ts";
import { startRedis } from "../support/redis_server.ts";
import { url } from "./redis_stores.ts";
import { assertNoSecrets, sendEveryOutcome } from "./secrets.ts";

Deno.test("Redis has no number, text, key, subject, reference or answer", async () => {
  await using server = await startRedis();
  const store = await openStore(url(server), { timeoutMs: 2_000 });
  await sendEveryOutcome(store);
  const keys = (await server.cli("--scan")).split("\n");
  const values = await Promise.all(keys.map((key) => server.cli("GET", key)));
  const text = [...keys, ...values].join("\n");
  assertNoSecrets(new TextEncoder().encode(text), keys.length);
  await store.close();
});
