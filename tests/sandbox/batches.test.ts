import { assertEquals, assertMatch } from "@std/assert";
import { number, request, START, testSandbox } from "./kit.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

Deno.test("sending a batch answers 201 with the batch in canonical form, including defaults", async () => {
  const { call, at } = testSandbox();
  const { status, headers, body } = await call("POST", "/batches", {
    from: "+1 (202) 555-0199",
    to: ["+1 202-555-0121", "0012025550122", number(1)],
    body: "Hi ${name}",
    parameters: { name: { "+1202 5550121": "Joe", default: "there" } },
    client_reference: "ref",
    callback_url: null,
    something_new: "is ignored",
  });
  assertEquals(status, 201);
  assertEquals(headers.get("content-type"), "application/json");
  assertEquals(body, {
    id: body.id,
    type: "mt_text",
    to: [number(1), number(2)],
    from: "12025550199",
    body: "Hi ${name}",
    parameters: { name: { "+1202 5550121": "Joe", default: "there" } },
    client_reference: "ref",
    canceled: false,
    created_at: START,
    modified_at: START,
    delivery_report: "none",
    expire_at: at(3 * DAY_MS),
    flash_message: false,
  });
});

Deno.test("a batch of each type keeps every member that was sent", async () => {
  const { call, at } = testSandbox();
  const common = {
    to: [number(1)],
    from: "Sinch",
    delivery_report: "per_recipient",
    callback_url: "https://example.com/reports",
    client_reference: "ref",
    feedback_enabled: true,
    send_at: at(HOUR_MS),
    expire_at: at(2 * HOUR_MS),
  };
  const messages = [
    {
      ...common,
      type: "mt_text",
      body: "Hello",
      flash_message: true,
      truncate_concat: true,
      max_number_of_message_parts: 2,
      from_ton: 5,
      from_npi: 0,
      campaign_id: "CSANDBOX",
    },
    { ...common, type: "mt_binary", body: "AQID", udh: "060504", from_ton: 1, from_npi: 18 },
    {
      ...common,
      type: "mt_media",
      body: { url: "https://example.com/cat.jpg", message: "A cat", subject: "Cat" },
      strict_validation: true,
      parameters: { name: { default: "you" } },
    },
  ];
  for (const message of messages) {
    const sent = await call("POST", "/batches", message);
    const got = await call("GET", `/batches/${sent.body.id}`);
    assertEquals(sent.status, 201);
    assertEquals(got.body, { ...sent.body, ...message });
    assertEquals(got.body, sent.body);
  }
});

Deno.test("feedback_enabled, true or false, is in the answer if it was sent", async () => {
  const { call } = testSandbox();
  for (const feedback_enabled of [true, false, null, undefined]) {
    const message = { to: [number(1)], body: "Hi", feedback_enabled };
    const { body } = await call("POST", "/batches", message);
    const expected = feedback_enabled ?? undefined;
    assertEquals(body.feedback_enabled, expected);
    assertEquals("feedback_enabled" in body, expected !== undefined);
  }
});

Deno.test("a member that is null counts as not sent, also within the body of a media message", async () => {
  const { call } = testSandbox();
  const url = "https://example.com/cat.jpg";
  const { status, body } = await call("POST", "/batches", {
    type: "mt_media",
    to: [number(1)],
    body: { url, message: null, subject: null },
    parameters: null,
    campaign_id: null,
  });
  assertEquals([status, body.body], [201, { url }]);
  assertEquals(["parameters" in body, "campaign_id" in body], [false, false]);
});

Deno.test("parameters apply to their recipient in any notation of the number, and keep their keys", async () => {
  const { call } = testSandbox();
  const to = [number(1), `+${number(2)}`, number(3), number(4)];
  const parameters = {
    name: {
      [`+${number(1)}`]: "Ada",
      [number(2)]: "Bob",
      [`00${number(3)}`]: "Cy",
      default: "you",
    },
  };
  const message = { to, body: "Hi ${name}", parameters };
  const dryRun = await call("POST", "/batches/dry_run?per_recipient=true", message);
  assertEquals(
    dryRun.body.per_recipient.map((one: { body: string }) => one.body),
    ["Hi Ada", "Hi Bob", "Hi Cy", "Hi you"],
  );
  const { body: { id } } = await call("POST", "/batches", message);
  const changed = await call("POST", `/batches/${id}`, { body: "Bye ${name}" });
  assertEquals(changed.body.parameters, parameters);
  const others = { name: { [`+${number(1)}`]: "Eve", default: "all" } };
  const updated = await call("POST", `/batches/${id}`, { parameters: others });
  assertEquals(updated.body.parameters, others);
  assertEquals((await call("GET", `/batches/${id}`)).body, updated.body);
});

Deno.test("a delivery report needs a callback URL, either the batch's or the plan's default", async () => {
  const defaultCallbackUrls = { plan: "https://example.com/reports" };
  for (const delivery_report of ["summary", "full", "per_recipient", "per_recipient_final"]) {
    const message = { to: [number(1)], body: "Hi", delivery_report };
    const without = await testSandbox().call("POST", "/batches", message);
    assertEquals([without.status, without.body.code], [403, "missing_callback_url"]);
    const { call, sandbox } = testSandbox({ defaultCallbackUrls });
    const sent = await call("POST", "/batches", message);
    assertEquals([sent.status, sent.body.delivery_report], [201, delivery_report]);
    assertEquals("callback_url" in sent.body, false);
    const { status } = await request(sandbox, "/xms/v1/other/batches", {
      method: "POST",
      headers: { authorization: "Bearer secret", "content-type": "application/json" },
      body: JSON.stringify(message),
    });
    assertEquals(status, 403);
  }
});

Deno.test("identifiers are ULIDs by default", async () => {
  const { sandbox } = testSandbox();
  const { createSandbox } = await import("../../sandbox/app.ts");
  const real = createSandbox({ servicePlans: { plan: "token" } });
  const init = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ to: [number(1)], body: "Hello" }),
  };
  const { body } = await request(real, "/xms/v1/plan/batches", init);
  assertMatch(body.id, /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
  assertEquals((await request(sandbox, "/xms/v1/plan/batches", init)).status, 201);
});

Deno.test("a batch with a past send_at is sent at once, one with a future send_at is scheduled", async () => {
  const { call, tick, at } = testSandbox();
  const send = async (send_at: string) =>
    (await call("POST", "/batches", { to: [number(1)], body: "Hi", send_at })).body.id;
  const past = await send("2020-01-01");
  const future = await send(at(HOUR_MS));
  const statusOf = async (id: string) =>
    (await call("GET", `/batches/${id}/delivery_report/${number(1)}`)).body.status;
  tick(10_000);
  assertEquals([await statusOf(past), await statusOf(future)], ["Delivered", "Queued"]);
  tick(HOUR_MS);
  assertEquals(await statusOf(future), "Delivered");
});

Deno.test("batches are listed newest first, in pages", async () => {
  const { call, tick } = testSandbox();
  for (let n = 0; n < 35; n++) {
    await call("POST", "/batches", { to: [number(1)], body: `Message ${n}` });
    tick(1);
  }
  const first = await call("GET", "/batches");
  assertEquals([first.body.count, first.body.page, first.body.page_size], [35, 0, 30]);
  assertEquals(first.body.batches[0].body, "Message 34");
  const second = await call("GET", "/batches?page=1");
  assertEquals([second.body.count, second.body.page, second.body.page_size], [35, 1, 5]);
  assertEquals(second.body.batches.at(-1).body, "Message 0");
  const beyond = await call("GET", "/batches?page=9&page_size=100");
  assertEquals(beyond.body, { count: 35, page: 9, page_size: 0, batches: [] });
});

Deno.test("batches are filtered by date, sender, recipient and reference", async () => {
  const { call, tick, at } = testSandbox();
  const early = at(0);
  const send = async (message: object) =>
    (await call("POST", "/batches", { to: [number(1)], body: "Hi", ...message })).body.id;
  const old = await send({ from: "54321" });
  tick(25 * HOUR_MS);
  const plain = await send({});
  const referenced = await send({ client_reference: "ref", to: [number(2), number(3)] });
  const cases: [query: string, ids: string[]][] = [
    ["", [referenced, plain]], // the last day by default
    [`start_date=${early}`, [referenced, plain, old]],
    [`start_date=${early}&end_date=${at(0)}`, [old]],
    [`start_date=2026-03-01&from=54321`, [old]],
    [`start_date=2026-03-01&from=54321,%2B12025550199`, [referenced, plain, old]],
    ["from=99999", []],
    [`to=%2B${number(3)}`, [referenced]],
    [`to=${number(1)},${number(2)}`, [referenced, plain]],
    ["client_reference=ref", [referenced]],
    ["client_reference=other", []],
  ];
  for (const [query, ids] of cases) {
    const { body } = await call("GET", `/batches?${query}`);
    assertEquals(body.batches.map(({ id }: { id: string }) => id), ids, query);
    assertEquals(body.count, ids.length, query);
  }
});

Deno.test("a service plan cannot read the batches of another", async () => {
  const { call, sandbox } = testSandbox();
  const { body } = await call("POST", "/batches", { to: [number(1)], body: "Hi" });
  const headers = { authorization: "Bearer secret" };
  const other = await request(sandbox, `/xms/v1/other/batches/${body.id}`, { headers });
  assertEquals([other.status, other.body], [404, ""]);
});

Deno.test("an update changes only the members that it contains, and null removes a value", async () => {
  const { call, tick, at } = testSandbox();
  const sent = await call("POST", "/batches", {
    to: [number(1), number(2)],
    body: "Hi",
    client_reference: "ref",
    send_at: at(HOUR_MS),
  });
  tick(5);
  const updated = await call("POST", `/batches/${sent.body.id}`, {
    to_add: [`+${number(3)}`],
    to_remove: [`+${number(1)}`, number(9)],
    body: "Hello",
    client_reference: null,
  });
  const { client_reference: _, ...kept } = sent.body;
  assertEquals(updated.status, 200);
  assertEquals(updated.body, {
    ...kept,
    to: [number(2), number(3)],
    body: "Hello",
    modified_at: at(0),
  });
});

Deno.test("a replacement keeps only the identifier", async () => {
  const { call, at } = testSandbox();
  const sent = await call("POST", "/batches", {
    to: [number(1)],
    body: "Hi",
    client_reference: "ref",
    send_at: at(HOUR_MS),
  });
  const message = { to: [number(2)], type: "mt_binary", body: "AQ==", udh: "00" };
  const replaced = await call("PUT", `/batches/${sent.body.id}`, message);
  assertEquals(replaced.status, 200);
  assertEquals(replaced.body.id, sent.body.id);
  assertEquals(replaced.body.type, "mt_binary");
  assertEquals("client_reference" in replaced.body || "send_at" in replaced.body, false);
});

Deno.test("a batch can be canceled at any time, and more than once", async () => {
  const { call, tick, at } = testSandbox();
  const { body: { id } } = await call("POST", "/batches", { to: [number(1)], body: "Hi" });
  tick(1);
  const first = await call("DELETE", `/batches/${id}`);
  assertEquals([first.status, first.body.canceled, first.body.modified_at], [200, true, at(0)]);
  tick(1);
  assertEquals((await call("DELETE", `/batches/${id}`)).body, first.body);
});

Deno.test("feedback is answered 202 without a body", async () => {
  const { call } = testSandbox();
  const { body: { id } } = await call("POST", "/batches", {
    to: [number(1)],
    body: "Hi",
    feedback_enabled: true,
  });
  for (const recipients of [[], [`+${number(1)}`]]) {
    const { status, body } = await call("POST", `/batches/${id}/delivery_feedback`, { recipients });
    assertEquals([status, body], [202, ""]);
  }
});

Deno.test("a dry run counts parts per recipient and sends nothing", async () => {
  const { call } = testSandbox();
  const message = {
    to: [number(1), number(2)],
    body: "Hi ${name}!",
    parameters: { name: { [number(1)]: "Zoë", default: "x".repeat(157) } },
  };
  const plain = await call("POST", "/batches/dry_run", message);
  assertEquals(plain.body, { number_of_recipients: 2, number_of_messages: 3 });
  const detailed = await call("POST", "/batches/dry_run?per_recipient=true", message);
  assertEquals(detailed.body.per_recipient, [
    { recipient: number(1), number_of_parts: 1, body: "Hi Zoë!", encoding: "unicode" },
    {
      recipient: number(2),
      number_of_parts: 2,
      body: `Hi ${"x".repeat(157)}!`,
      encoding: "text",
    },
  ]);
  const limited = await call(
    "POST",
    "/batches/dry_run?per_recipient=true&number_of_recipients=1",
    { ...message, truncate_concat: true },
  );
  assertEquals(limited.body.per_recipient.length, 1);
  assertEquals([limited.body.number_of_recipients, limited.body.number_of_messages], [2, 2]);
  assertEquals((await call("GET", "/batches")).body.count, 0);
});

Deno.test("a dry run supports binary and media messages and groups", async () => {
  const { call } = testSandbox();
  const group = await call("POST", "/groups", { members: [number(1), number(2)] });
  const cases: [message: object, expected: object][] = [
    [
      { type: "mt_binary", to: [number(1)], body: "AQID", udh: "00" },
      { number_of_recipients: 1, number_of_messages: 1 },
    ],
    [
      { type: "mt_media", to: [number(1)], body: { url: "https://example.com/a.jpg" } },
      { number_of_recipients: 1, number_of_messages: 1 },
    ],
    [
      { to: [group.body.id, number(2), number(3)], body: "Hi" },
      { number_of_recipients: 3, number_of_messages: 3 },
    ],
  ];
  for (const [message, expected] of cases) {
    const { status, body } = await call("POST", "/batches/dry_run", message);
    assertEquals([status, body], [200, expected]);
  }
});

Deno.test("the oldest batches are dropped when there are too many", async () => {
  const { call } = testSandbox({ maxBatches: 3 });
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) {
    ids.push((await call("POST", "/batches", { to: [number(1)], body: "Hi" })).body.id);
  }
  assertEquals((await call("GET", "/batches")).body.count, 3);
  assertEquals((await call("GET", `/batches/${ids[1]}`)).status, 404);
  assertEquals((await call("GET", `/batches/${ids[2]}`)).status, 200);
});

Deno.test("HEAD is answered wherever GET is, without a body", async () => {
  const { call } = testSandbox();
  const batch = await call("POST", "/batches", { to: [number(1)], body: "Hi" });
  const group = await call("POST", "/groups", {});
  const inbounds = await call("GET", "/inbounds");
  const paths = [
    "/batches",
    `/batches/${batch.body.id}`,
    `/batches/${batch.body.id}/delivery_report`,
    `/batches/${batch.body.id}/delivery_report/%2B${number(1)}`,
    "/delivery_reports",
    "/inbounds",
    `/inbounds/${inbounds.body.inbounds[0].id}`,
    "/groups",
    `/groups/${group.body.id}`,
    `/groups/${group.body.id}/members`,
  ];
  for (const path of paths) {
    const { status, body } = await call("HEAD", path);
    assertEquals([status, body], [200, ""], path);
  }
  assertEquals((await call("HEAD", "/batches/UNKNOWN")).status, 404);
});
