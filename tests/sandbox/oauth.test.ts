import { assertEquals, assertMatch } from "@std/assert";
import { createSandbox } from "../../sandbox/app.ts";
import { serveSandbox } from "../../sandbox/serve.ts";
import { serveGateway } from "../support/served.ts";
import { request, testSandbox } from "./kit.ts";

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const GRANT = "grant_type=client_credentials";
const basic = (credentials: string) => ({ authorization: `Basic ${btoa(credentials)}` });

/** Token requests to a sandbox with the access key `id`, `secret:x`, and their answers. */
const REQUESTS: readonly [headers: Record<string, string>, body: string, answer: unknown][] = [
  [basic("id:secret:x"), GRANT, 200],
  [{ authorization: "" }, `${GRANT}&client_id=id&client_secret=secret%3Ax`, 200],
  [basic("id:secret"), GRANT, "invalid_client"],
  [basic("constructor:x"), GRANT, "invalid_client"],
  [basic("id"), GRANT, "invalid_client"],
  [{ authorization: "Basic !" }, GRANT, "invalid_client"],
  [{ authorization: "" }, GRANT, "invalid_client"],
  [basic("id:secret:x"), "grant_type=password", "unsupported_grant_type"],
];

for (const [headers, body, expected] of REQUESTS) {
  Deno.test(`a token request by ${JSON.stringify(headers)} with ${body} is ${expected}`, async () => {
    const { sandbox } = testSandbox({ accessKeys: { id: "secret:x" } });
    const init = { method: "POST", headers: { ...FORM, ...headers }, body };
    const { status, body: answer } = await request(sandbox, "/oauth2/token", init);
    assertEquals(status === 200 ? 200 : answer.error, expected);
    if (status !== 200) return;
    assertMatch(answer.access_token, /^sandbox-/);
    assertEquals([answer.token_type, answer.expires_in], ["bearer", 3_600]);
  });
}

Deno.test("a token is good for every plan until it expires or is revoked, an unknown one never", async () => {
  const { sandbox, tick } = testSandbox({ tokenLifetimeS: 60 });
  const issue = async () => {
    const init = { method: "POST", headers: { ...FORM, ...basic("any:key") }, body: GRANT };
    return (await request(sandbox, "/oauth2/token", init)).body.access_token;
  };
  const statuses = (token: string) =>
    Promise.all(["plan", "other"].map(async (plan) => {
      const headers = { authorization: `Bearer ${token}` };
      return (await request(sandbox, `/xms/v1/${plan}/batches`, { headers })).status;
    }));
  const first = await issue();
  assertEquals(await statuses(first), [200, 200]);
  tick(60_000);
  assertEquals(await statuses(first), [401, 401]);
  const second = await issue();
  assertEquals(await statuses(second), [200, 200]);
  await request(sandbox, "/sandbox/tokens", { method: "DELETE" });
  assertEquals(await statuses(second), [401, 401]);
  assertEquals(await statuses("sandbox-unknown"), [401, 401]);
  assertEquals((await request(sandbox, "/oauth2/token")).status, 405);
});

Deno.test("a gateway sends by an access key of a sandbox, and goes on when its token has expired or was revoked", async () => {
  let aheadMs = 0;
  const sandbox = createSandbox({
    servicePlans: { "plan-1": "unused" },
    accessKeys: { id: "secret" },
    tokenLifetimeS: 3_600,
    now: () => Date.now() + aheadMs,
  });
  const served = await serveSandbox(sandbox);
  await using gateway = await serveGateway({
    upstream: served.url,
    env: {
      SMS_AUTH_URL: `${served.url}/oauth2/token`,
      SERVICE_PLANS: '{"plan-1":{"key_id":"id","key_secret":"secret"}}',
    },
  });
  const send = async () => {
    const response = await gateway.request("/xms/v1/plan-1/batches", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"from":"12025550199","to":["12025550142"],"body":"Hello"}',
    });
    await response.body?.cancel();
    const { attempts } = await gateway.finished();
    return [response.status, ...attempts.map(({ status }) => status)];
  };
  const { now } = performance;
  try {
    assertEquals(await send(), [201, 201]);
    performance.now = () => now.call(performance) + 11_000; // a younger token is not renewed
    aheadMs = 3_601_000;
    assertEquals(await send(), [201, 401, 201]);
    assertEquals(await send(), [201, 201]);
    performance.now = () => now.call(performance) + 22_000;
    sandbox.revokeTokens();
    assertEquals(await send(), [201, 401, 201]);
  } finally {
    performance.now = now;
    await served.close();
  }
});
