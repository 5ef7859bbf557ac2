import { parseConfig } from "../../config.ts";
import { createGateway } from "../../gateway.ts";
import { jsonReply, testEnv } from "../../tests/support/gateway.ts";
import { testIssuer } from "../../tests/support/issuer.ts";
import type { Transport } from "../../upstream/transport.ts";

const issuer = await testIssuer("RS256");
const env = testEnv(issuer);
const token = await issuer.token({ expiresInS: 86_400 });
const bytes = new TextEncoder().encode(JSON.stringify({ to: ["15551231234"], body: "Hello" }));

/** An upstream that responds immediately. */
function answering(status: number, body: unknown): Transport {
  const reply = jsonReply(status, body);
  return { send: () => Promise.resolve(reply), close: () => Promise.resolve() };
}

const accepting = createGateway(parseConfig(env), { transport: answering(201, { id: "01FC" }) });
const refusing = createGateway(parseConfig(env), {
  transport: answering(403, { code: "unknown_group", text: "No such group" }),
});

function batch(headers: Record<string, string> = { authorization: `Bearer ${token}` }): Request {
  return new Request("http://gateway.test/xms/v1/plan-1/batches", {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "content-length": `${bytes.length}`,
      ...headers,
    },
    body: bytes,
  });
}

Deno.bench("parse the configuration", () => {
  parseConfig(env);
});

Deno.bench("make a Request, for comparison", { group: "in memory" }, () => {
  batch();
});

Deno.bench("a batch that is accepted", { group: "in memory", baseline: true }, async () => {
  await (await accepting.fetch(batch())).bytes();
});

Deno.bench("a batch that the upstream refuses", { group: "in memory" }, async () => {
  await (await refusing.fetch(batch())).bytes();
});

Deno.bench("a batch without a token", { group: "in memory" }, async () => {
  await (await accepting.fetch(batch({}))).bytes();
});
