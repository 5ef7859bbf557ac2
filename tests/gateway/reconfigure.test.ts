import { assertEquals } from "@std/assert";
import { parseConfig } from "../../config.ts";
import { createGateway } from "../../gateway.ts";
import { jsonReply, testEnv } from "../support/gateway.ts";
import { type TestIssuer, testIssuer } from "../support/issuer.ts";

const one = { ...await testIssuer("ES256", "one"), issuer: "https://one.test" };
const two = { ...await testIssuer("ES256", "two"), issuer: "https://two.test" };

function configOf(...issuers: TestIssuer[]) {
  const { AUTH_JWKS: _, AUTH_ISSUER: __, AUTH_AUDIENCE: ___, ...env } = testEnv(one);
  const entries = issuers.map(({ issuer, audience, jwks }) => {
    return { issuer, audiences: [audience], jwks };
  });
  return parseConfig({ ...env, AUTH_ISSUERS: JSON.stringify(entries) });
}

Deno.test("a running gateway takes over other issuers, and drops those that are gone", async () => {
  const gateway = createGateway(configOf(one), {
    transport: {
      send: () => Promise.resolve(jsonReply(200, {})),
      close: () => Promise.resolve(),
    },
  });
  const tokens = [one, two].map((each) => each.token({ issuer: each.issuer }));
  const statuses = () =>
    Promise.all(tokens.map(async (token) => {
      const headers = { host: "gateway.test", authorization: `Bearer ${await token}` };
      const request = new Request("http://gateway.test/xms/v1/plan-1/batches", { headers });
      return (await gateway.fetch(request)).status;
    }));
  assertEquals(await statuses(), [200, 401]);
  gateway.reconfigure(configOf(one, two));
  assertEquals(await statuses(), [200, 200]);
  gateway.reconfigure(configOf(two));
  assertEquals(await statuses(), [401, 200]);
  await gateway.close();
});
