import { SmsService } from "@sinch/sdk-core";
import { assert, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { createSandbox, type Sandbox } from "../../sandbox/app.ts";
import { serveSandbox } from "../../sandbox/serve.ts";
import { commonIssuer, type ServedGateway, serveGateway } from "../support/served.ts";
import { CLIENT, type TokenIssuer, tokenIssuer } from "../support/token_issuer.ts";
import type { TokenOptions } from "../support/issuer.ts";

/** Fictional numbers (reserved for such use). */
const ALICE = "12025550121";
const BOB = "12025550122";

/** Keeps the SDK from printing every failed answer. */
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

interface Whole {
  readonly sms: SmsService;
  readonly sandbox: Sandbox;
  readonly gateway: ServedGateway;
}

/** Runs the official SDK, unmodified, with a JWT as its token, against gateway and sandbox. */
async function withSdk(
  run: (whole: Whole) => Promise<void>,
  { token = {}, env = {}, defaultCallbackUrls = {} }: {
    token?: TokenOptions | string;
    env?: Record<string, string>;
    defaultCallbackUrls?: Record<string, string>;
  } = {},
): Promise<void> {
  const sandbox = createSandbox({
    servicePlans: { "plan-1": "credential-of-plan-1" },
    dispatchAfterMs: 0,
    deliverAfterMs: 0,
    defaultCallbackUrls,
  });
  const served = await serveSandbox(sandbox);
  try {
    await using gateway = await serveGateway({ upstream: served.url, env });
    const sms = new SmsService({
      servicePlanId: "plan-1",
      apiToken: typeof token === "string" ? token : await gateway.token(token),
      smsHostname: gateway.url,
      logger: SILENT,
    });
    await run({ sms, sandbox, gateway });
  } finally {
    await served.close();
  }
}

async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

/** The properties of the SDK's error: status, message, data. */
async function failureOf(run: () => Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await run();
  } catch (error) {
    assert(error instanceof Error);
    return { ...Object.fromEntries(Object.entries(error)), message: error.message };
  }
  throw new Error("it did not fail");
}

const textTo = (to: string[], more = {}) => ({
  sendSMSRequestBody: { to, from: "12025550199", body: "Hello", ...more },
});

Deno.test("a user of the official SDK sends, reads, changes and cancels batches through the gateway", () =>
  withSdk(async ({ sms }) => {
    const sendAt = new Date(Date.now() + 3_600_000);
    const text = await sms.batches.sendTextMessage(
      textTo([`+${ALICE}`], { send_at: sendAt, feedback_enabled: true }),
    );
    const batch_id = text.id ?? "";
    assertEquals([text.to, text.canceled, text.send_at], [[ALICE], false, sendAt]);
    const binary = await sms.batches.sendBinaryMessage({
      sendSMSRequestBody: { to: [BOB], body: "AQID", udh: "060504" },
    });
    const media = await sms.batches.sendMediaMessage({
      sendSMSRequestBody: { to: [BOB], body: { url: "https://example.com/cat.jpg" } },
    });
    assertEquals([binary.type, media.type], ["mt_binary", "mt_media"]);
    assertEquals(await sms.batches.get({ batch_id }), text);
    const listed = await all(sms.batches.list({ page_size: 2 }));
    assertEquals(listed.map(({ id }) => id), [media.id, binary.id, batch_id]);
    const updated = await sms.batches.update({
      batch_id,
      updateBatchMessageRequestBody: { to_add: [BOB], body: "Changed" },
    });
    assertEquals([updated.to, updated.body], [[ALICE, BOB], "Changed"]);
    const replaced = await sms.batches.replace({
      batch_id,
      replaceBatchMessageRequestBody: { to: [BOB], body: "Replaced", feedback_enabled: true },
    });
    assertEquals([replaced.id, replaced.to], [batch_id, [BOB]]);
    const deliveryFeedbackRequestBody = { recipients: [BOB] };
    await sms.batches.sendDeliveryFeedback({ batch_id, deliveryFeedbackRequestBody });
    assertEquals((await sms.batches.cancel({ batch_id })).canceled, true);
    assertEquals((await sms.batches.get({ batch_id })).canceled, true);
  }));

Deno.test("a user of the official SDK gets back exactly the parameters that were sent", () =>
  withSdk(async ({ sms }) => {
    const parameters = { name: { [`+${ALICE}`]: "Alice", default: "there" } };
    const sent = await sms.batches.sendTextMessage(
      textTo([`+${ALICE}`, `+${BOB}`], { body: "Hi ${name}", parameters, delivery_report: "full" }),
    );
    assertEquals([sent.to, sent.parameters], [[ALICE, BOB], parameters]);
    assertEquals(sent.delivery_report, "full");
    for (const member of ["feedback_enabled", "callback_url", "client_reference", "send_at"]) {
      assertEquals(member in sent, false, member);
    }
  }, { defaultCallbackUrls: { "plan-1": "https://example.com/reports" } }));

Deno.test("a user of the official SDK finds batches and messages by lists, dates and statuses", () =>
  withSdk(async ({ sms }) => {
    const before = new Date(Date.now() - 1000);
    const { id: batch_id = "" } = await sms.batches.send(textTo([ALICE, "12025550105"]));
    for (const status of ["Delivered", "DELIVERED"]) {
      const both = { batch_id, status: [status, "EXPIRED"], code: [0, 27] };
      assertEquals((await sms.deliveryReports.get(both)).statuses.map(({ count }) => count), [1]);
      const listed = await all(sms.deliveryReports.list({ status, code: "0,27" }));
      assertEquals(listed.map(({ recipient }) => recipient), [ALICE]);
    }
    const ofSender = (start_date: Date) =>
      all(sms.batches.list({ from: "+12025550199,54321", start_date }));
    assertEquals((await ofSender(before)).map(({ id }) => id), [batch_id]);
    assertEquals(await ofSender(new Date(Date.now() + 60_000)), []);
    assertEquals((await all(sms.inbounds.list({ to: ["+12025550199", "54321"] }))).length, 4);
  }));

Deno.test("a user of the official SDK reads a dry run through the gateway", () =>
  withSdk(async ({ sms }) => {
    const answer = await sms.batches.dryRun({
      per_recipient: true,
      number_of_recipients: 10,
      dryRunRequestBody: { to: [ALICE], body: "д".repeat(71), type: "mt_text" },
    });
    assertEquals([answer.number_of_recipients, answer.number_of_messages], [1, 2]);
    assertEquals(answer.per_recipient?.[0]?.encoding, "unicode");
  }));

Deno.test("a user of the official SDK reads delivery reports through the gateway", () =>
  withSdk(async ({ sms }) => {
    const sent = await sms.batches.send(textTo([ALICE, BOB], { client_reference: "ref" }));
    const batch_id = sent.id ?? "";
    const summary = await sms.deliveryReports.get({ batch_id });
    assertEquals(summary.statuses, [{ code: 0, status: "Delivered", count: 2 }]);
    const full = await sms.deliveryReports.get({ batch_id, type: "full", status: ["Delivered"] });
    assertEquals(full.statuses[0]?.recipients, [ALICE, BOB]);
    for (const phone_number of [ALICE, `+${BOB}`]) {
      const report = await sms.deliveryReports.getForNumber({ batch_id, phone_number });
      assertEquals([report.status, `+${report.recipient}`.endsWith(phone_number)], [
        "Delivered",
        true,
      ]);
    }
    const list = await all(sms.deliveryReports.list({ client_reference: "ref", page_size: 1 }));
    assertEquals(list.map(({ recipient }) => recipient), [ALICE, BOB]);
  }));

Deno.test("a user of the official SDK creates, reads, changes and deletes groups through the gateway", () =>
  withSdk(async ({ sms }) => {
    const created = await sms.groups.create({
      createGroupRequestBody: { name: "Customers", members: [`+${ALICE}`] },
    });
    const group_id = created.id ?? "";
    assertEquals([created.name, created.size, created.child_groups], ["Customers", 1, []]);
    assertEquals(await sms.groups.get({ group_id }), created);
    const updated = await sms.groups.update({
      group_id,
      updateGroupRequestBody: { add: [BOB], remove: [ALICE] },
    });
    assertEquals(updated.size, 1);
    assertEquals(await sms.groups.listMembers({ group_id }), [BOB]);
    const replaced = await sms.groups.replace({
      group_id,
      replaceGroupRequestBody: { name: "Others", members: [ALICE, BOB] },
    });
    assertEquals([replaced.name, replaced.size], ["Others", 2]);
    assertEquals((await all(sms.groups.list())).map(({ id }) => id), [group_id]);
    await sms.groups.delete({ group_id });
    assertEquals(await all(sms.groups.list()), []);
  }));

Deno.test("a user of the official SDK reads inbound messages through the gateway", () =>
  withSdk(async ({ sms }) => {
    const inbounds = await all(sms.inbounds.list({ page_size: 3 }));
    assert(inbounds.length > 3);
    const inbound_id = inbounds[0]?.id ?? "";
    assertEquals(await sms.inbounds.get({ inbound_id }), inbounds[0]);
  }));

Deno.test("with IDEMPOTENCY_FROM_CLIENT_REFERENCE a user of the official SDK who sends a message again gets the first batch", () =>
  withSdk(async ({ sms, sandbox }) => {
    const send = (more = {}) =>
      sms.batches.send(textTo([ALICE], { client_reference: "order-17", ...more }));
    const first = await send();
    assertEquals(await send(), first);
    assertEquals((await failureOf(() => send({ body: "Other" }))).statusCode, 422);
    const posts = sandbox.requests().filter(({ method }) => method === "POST");
    assertEquals(posts.length, 1);
  }, { env: { IDEMPOTENCY_FROM_CLIENT_REFERENCE: "on" } }));

Deno.test("with IDEMPOTENCY_FROM_CLIENT_REFERENCE a user of the official SDK who sends again after a timeout gets the batch", () =>
  withSdk(async ({ sms, sandbox }) => {
    sandbox.setFault({ delay_ms: 1_000, times: 1 });
    const send = () => sms.batches.send(textTo([ALICE], { client_reference: "order-17" }));
    assertEquals((await failureOf(send)).statusCode, 504);
    assertEquals((await send()).client_reference, "order-17");
    const posts = sandbox.requests().filter(({ method }) => method === "POST");
    assertEquals(posts.length, 1);
  }, { env: { IDEMPOTENCY_FROM_CLIENT_REFERENCE: "on", UPSTREAM_TIMEOUT_MS: "500" } }));

Deno.test("the caller's token is not forwarded, only the gateway's own credential", () =>
  withSdk(async ({ sms, sandbox, gateway }) => {
    await sms.batches.send(textTo([ALICE]));
    const recorded = JSON.stringify(sandbox.requests());
    assertEquals(recorded.includes(await gateway.token()), false);
    assertNotMatch(recorded, /eyJ/);
  }));

/** Failing calls → the error that a user of the SDK gets. */
const FAILURES: readonly [
  name: string,
  run: (sms: SmsService) => Promise<unknown>,
  status: number,
  seen: RegExp,
][] = [
  [
    "an unknown group",
    (sms) => sms.batches.send(textTo(["01FC66621VHDBN119Z8PMV1QPU"])),
    403,
    /unknown_group/,
  ],
  [
    "a bad phone number",
    (sms) => sms.batches.send(textTo(["+0"])),
    400,
    /syntax_invalid_parameter_format/,
  ],
  [
    "a report without a callback URL",
    (sms) => sms.batches.send(textTo([ALICE], { delivery_report: "per_recipient" })),
    403,
    /missing_callback_url/,
  ],
  ["a batch that does not exist", (sms) => sms.batches.get({ batch_id: "UNKNOWN" }), 404, /404/],
  ["a group that does not exist", (sms) => sms.groups.get({ group_id: "UNKNOWN" }), 404, /404/],
  [
    "an identifier with encoded dot segments",
    (sms) => sms.groups.get({ group_id: "..%2f..%2fplan-2%2fgroups" }),
    404,
    /404/,
  ],
];

for (const [name, run, status, seen] of FAILURES) {
  Deno.test(`a user of the official SDK gets ${status} and its code for ${name}`, () =>
    withSdk(async ({ sms }) => {
      const failure = await failureOf(() => run(sms));
      assertEquals(failure.statusCode, status);
      assertMatch(JSON.stringify(failure), seen);
    }));
}

Deno.test("a user of the official SDK gets a 401 with advice for a token of another plan", () =>
  withSdk(async ({ sms }) => {
    const failure = await failureOf(() => sms.batches.send(textTo([ALICE])));
    assertEquals(failure.statusCode, 401);
    assertMatch(JSON.stringify(failure), /unauthorized.*not valid for this service plan/s);
  }, { token: { servicePlans: ["plan-2"] } }));

Deno.test("a user of the official SDK gets a 401 for a malformed token", () =>
  withSdk(async ({ sms }) => {
    const failure = await failureOf(() => sms.batches.send(textTo([ALICE])));
    assertEquals(failure.statusCode, 401);
    assertMatch(JSON.stringify(failure), /malformed/);
  }, { token: "an-api-token-of-the-dashboard" }));

Deno.test("a user of the official SDK with an expired token gets an error, and nothing is sent", () =>
  withSdk(async ({ sms, sandbox }) => {
    const { message } = await failureOf(() => sms.batches.send(textTo([ALICE])));
    assertEquals(typeof message, "string");
    assertEquals(sandbox.requests(), []);
  }, { token: { expiresInS: -60 } }));

// The SDK parses every error as JSON, so any other body would be a parse error.
for (const shape of ["html", "empty", "truncated", "not_utf8", "huge", "gzip", "google"] as const) {
  Deno.test(`a user of the official SDK gets an upstream 400 of the shape ${shape} as a plain refusal`, () =>
    withSdk(async ({ sms, sandbox }) => {
      sandbox.setFault({ status: 400, shape });
      const failure = await failureOf(() => sms.batches.send(textTo([ALICE])));
      assertEquals(failure.statusCode, 400);
      assertNotMatch(String(failure.message), /JSON|Unexpected/);
      const { code, text, ...rest } = JSON.parse(String(failure.data));
      assertEquals([typeof code, typeof text, rest], ["string", "string", {}]);
    }));
}

Deno.test("a user of the official SDK gets a reset of the upstream as a 502 with an unknown outcome", () =>
  withSdk(async ({ sms, sandbox }) => {
    sandbox.setFault({ reset: "before_headers" });
    const failure = await failureOf(() => sms.batches.send(textTo([ALICE])));
    assertEquals(failure.statusCode, 502);
    assertMatch(String(failure.data), /upstream_connection_lost.*not known whether/s);
  }));

Deno.test("a user of the official SDK gets an upstream 401 as a 503", () =>
  withSdk(async ({ sms, sandbox }) => {
    sandbox.setFault({ status: 401 });
    const failure = await failureOf(() => sms.batches.send(textTo([ALICE])));
    assertEquals(failure.statusCode, 503);
    assertMatch(String(failure.data), /upstream_credentials_rejected/);
  }));

/** The official SDK in OAuth mode, which knows no host but the gateway. */
const oauthSdk = (gateway: ServedGateway, keySecret = CLIENT.secret) =>
  new SmsService({
    projectId: "plan-1",
    keyId: CLIENT.id,
    keySecret,
    authHostname: gateway.url,
    smsHostname: gateway.url,
    logger: SILENT,
  });

/** Runs with a token endpoint whose first tokens live for these times. */
async function withTokens(
  lifetimesS: readonly number[],
  run: (whole: Whole, issuer: TokenIssuer) => Promise<void>,
): Promise<void> {
  await using issuer = tokenIssuer(await commonIssuer(), lifetimesS);
  await withSdk((whole) => run(whole, issuer), { env: { AUTH_TOKEN_URL: issuer.url } });
}

Deno.test("the official SDK in OAuth mode gets one token for all its requests, through the gateway", () =>
  withTokens([], async ({ sandbox, gateway }, issuer) => {
    const sms = oauthSdk(gateway);
    for (const body of ["one", "two"]) {
      assertEquals((await sms.batches.send(textTo([ALICE], { body }))).body, body);
    }
    assertEquals([issuer.issued(), sandbox.requests().length], [1, 2]);
  }));

Deno.test("the official SDK in OAuth mode renews a token that has expired by itself, and sends once", () =>
  withTokens([-60], async ({ sandbox, gateway }, issuer) => {
    const { id } = await oauthSdk(gateway).batches.send(textTo([ALICE]));
    assertEquals(typeof id, "string");
    assertEquals([issuer.issued(), sandbox.requests().length], [2, 1]);
  }));

Deno.test("the official SDK in OAuth mode gets the issuer's own refusal for a wrong secret", () =>
  withTokens([], async ({ sandbox, gateway }) => {
    const failure = await failureOf(() => oauthSdk(gateway, "wrong").batches.send(textTo([ALICE])));
    assertEquals(failure.statusCode, 401);
    assertMatch(JSON.stringify(failure), /invalid_client.*There is no such client/);
    assertEquals(sandbox.requests(), []);
  }));
