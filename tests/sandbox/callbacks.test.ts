import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { SmsCallbackWebhooks } from "@sinch/sdk-core";
import { createSandbox, type SandboxOptions } from "../../sandbox/app.ts";
import { isRetried, retryDelayMs } from "../../sandbox/callbacks/retry_schedule.ts";
import type { Json } from "./kit.ts";

const SECRET = "KayakingTheSwell";

/** Short times, so that a test ends soon; the order of states is the same. */
const FAST = { dispatchAfterMs: 20, deliverAfterMs: 40, callbackSpeed: 100 };

interface Received {
  readonly headers: Headers;
  readonly text: string;
  readonly body: Json;
}

/** A sandbox whose callbacks go to a server of this process. */
function world(
  options: Partial<SandboxOptions> = {},
  answer: (received: readonly Received[]) => number = () => 200,
) {
  const received: Received[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const text = await request.text();
    received.push({ headers: request.headers, text, body: JSON.parse(text) });
    return new Response(null, { status: answer(received) });
  });
  const url = `http://127.0.0.1:${server.addr.port}/callbacks`;
  const sandbox = createSandbox({
    servicePlans: { plan: "token" },
    sendCallbacks: true,
    callbackSecrets: { plan: SECRET },
    defaultCallbackUrls: { plan: url },
    ...FAST,
    ...options,
  });
  const request = async (path: string, body: unknown) => {
    const method = path.endsWith("faults") ? "PUT" : "POST";
    const headers = { authorization: "Bearer token", "content-type": "application/json" };
    const response = await sandbox.app.request(path, {
      method,
      headers,
      body: JSON.stringify(body),
    });
    return await response.json() as Json;
  };
  return {
    sandbox,
    url,
    received,
    request,
    send: (message: object) =>
      request("/xms/v1/plan/batches", { to: ["12025550142"], body: "Hello", ...message }),
    async count(count: number) {
      for (let tries = 0; received.length < count && tries < 300; tries++) await delay(10);
      await delay(100); // more would be too many
      assertEquals(received.length, count);
      return received;
    },
    async [Symbol.asyncDispose]() {
      sandbox.close();
      await server.shutdown();
    },
  };
}

const states = (received: readonly Received[]) => received.map(({ body }) => body.status);

Deno.test("per_recipient reports each state of each message, in order", async () => {
  await using sandbox = world();
  const { id } = await sandbox.send({
    delivery_report: "per_recipient",
    client_reference: "order-1",
  });
  const received = await sandbox.count(2);
  assertEquals(states(received), ["Dispatched", "Delivered"]);
  assertEquals(received[1]?.body, {
    ...received[1]?.body,
    type: "recipient_delivery_report_sms",
    batch_id: id,
    recipient: "12025550142",
    code: 0,
    client_reference: "order-1",
  });
});

Deno.test("per_recipient_final reports final states only", async () => {
  await using sandbox = world();
  await sandbox.send({
    to: ["12025550142", "12025550105"],
    delivery_report: "per_recipient_final",
  });
  assertEquals(states(await sandbox.count(2)).toSorted(), ["Delivered", "Failed"]);
});

for (const type of ["summary", "full"]) {
  Deno.test(`${type} reports once, when all messages are final`, async () => {
    await using sandbox = world();
    await sandbox.send({ to: ["12025550142", "12025550101"], delivery_report: type });
    const [report] = await sandbox.count(1);
    assertEquals(report?.body.type, "delivery_report_sms");
    assertEquals(report?.body.total_message_count, 2);
    assertEquals(
      report?.body.statuses.map((status: Json) => [status.code, "recipients" in status]),
      [[0, type === "full"], [402, type === "full"]],
    );
  });
}

Deno.test("a canceled batch is reported as canceled", async () => {
  await using sandbox = world({ dispatchAfterMs: 60_000 });
  const { id } = await sandbox.send({ delivery_report: "per_recipient" });
  await sandbox.sandbox.app.request(`/xms/v1/plan/batches/${id}`, {
    method: "DELETE",
    headers: { authorization: "Bearer token" },
  });
  assertEquals(states(await sandbox.count(1)), ["Cancelled"]);
});

Deno.test("without delivery_report, and with callbacks off, nothing is sent", async () => {
  await using on = world();
  await on.send({});
  await on.count(0);
  await using off = world({ sendCallbacks: false });
  await off.send({ delivery_report: "summary" });
  await off.count(0);
});

Deno.test("a batch's own callback_url goes before that of the plan", async () => {
  await using own = world();
  await using other = world();
  await other.send({ delivery_report: "summary", callback_url: own.url });
  await own.count(1);
  await other.count(0);
});

Deno.test("the official SDK accepts the signature, and not that of a forged callback", async () => {
  await using sandbox = world();
  const accepts = ({ headers, text }: Received) =>
    new SmsCallbackWebhooks(SECRET).validateAuthenticationHeader(
      Object.fromEntries(headers),
      text,
      "/callbacks",
      "POST",
    );
  await sandbox.send({ delivery_report: "summary" });
  const [good] = await sandbox.count(1);
  assert(good && accepts(good));
  await sandbox.request("/sandbox/callback_faults", { forged: true, times: 1 });
  await sandbox.send({ delivery_report: "summary" });
  const [, forged] = await sandbox.count(2);
  assert(forged && !accepts(forged));
});

Deno.test("what was not taken is sent again with a new nonce, until it is", async () => {
  await using sandbox = world({}, ({ length }) => [503, 429, 200][length - 1] ?? 500);
  await sandbox.send({ delivery_report: "summary" });
  const received = await sandbox.count(3);
  assertEquals(new Set(received.map(({ text }) => text)).size, 1);
  const nonces = received.map(({ headers }) => headers.get("x-sinch-webhook-signature-nonce"));
  assertEquals(new Set(nonces).size, 3);
  assertEquals(
    sandbox.sandbox.callbacks().map(({ attempt, status }) => [attempt, status]),
    [[1, 503], [2, 429], [3, 200]],
  );
});

Deno.test("a 4xx other than 429 ends a callback", async () => {
  await using sandbox = world({}, () => 400);
  await sandbox.send({ delivery_report: "summary" });
  await sandbox.count(1);
});

Deno.test("the retries are those of the API: 5 s, doubling to 81,920 s", () => {
  const delays = Array.from({ length: 17 }, (_, index) => retryDelayMs(index + 1));
  assertEquals(delays.slice(0, 3), [5_000, 10_000, 20_000]);
  assertEquals(delays.slice(14), [81_920_000, undefined, undefined]);
  assertEquals([undefined, 500, 503, 429, 200, 400, 404].map(isRetried), [
    true,
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

Deno.test("faults: a callback twice, an old one, one that is overtaken", async () => {
  await using sandbox = world();
  await sandbox.request("/sandbox/callback_faults", { duplicate: true, age_s: 600, times: 1 });
  await sandbox.send({ delivery_report: "summary" });
  const twice = await sandbox.count(2);
  assertEquals(twice[0]?.text, twice[1]?.text);
  const ageS = Date.now() / 1_000 -
    Number(twice[0]?.headers.get("x-sinch-webhook-signature-timestamp"));
  assert(ageS >= 599 && ageS < 620, `${ageS}`);
  await sandbox.request("/sandbox/callback_faults", { delay_ms: 300, times: 1 });
  await sandbox.send({ delivery_report: "per_recipient" });
  assertEquals(states(await sandbox.count(4)).slice(2), ["Delivered", "Dispatched"]);
});

Deno.test("a text that is received goes to the plan's URL and into the list of inbounds", async () => {
  await using sandbox = world();
  const text = { plan: "plan", from: "12025550121", to: "54321", body: "STOP" };
  const inbound = await sandbox.request("/sandbox/inbounds", text);
  const [callback] = await sandbox.count(1);
  assertEquals(callback?.body, inbound);
  const list = await sandbox.sandbox.app.request("/xms/v1/plan/inbounds", {
    headers: { authorization: "Bearer token" },
  });
  assertEquals((await list.json()).inbounds[0], inbound);
});

Deno.test("an unknown member of a callback fault is refused with the known ones", async () => {
  await using sandbox = world();
  const { text } = await sandbox.request("/sandbox/callback_faults", { shape: "html" });
  assertEquals(
    text,
    "shape: unknown, known are forged, age_s, duplicate, delay_ms, times.",
  );
});
