import { assert, assertEquals } from "@std/assert";
import { number, request, testSandbox } from "./kit.ts";

const JSON_TYPE = { "content-type": "application/json" };
const UNKNOWN_GROUP = "01FC66621VHDBN119Z8PMV1QPQ";

type Row = [why: string, message: object, status: number, code: string];

const text = { to: [number(1)], body: "Hi" };
const binary = { type: "mt_binary", to: [number(1)], body: "AQ==", udh: "00" };
const media = { type: "mt_media", to: [number(1)], body: { url: "https://example.com/a.jpg" } };
const CONSTRAINT = "syntax_constraint_violation";
const FORMAT = "syntax_invalid_parameter_format";

const BATCHES: readonly Row[] = [
  ["no recipients", { body: "Hi" }, 400, CONSTRAINT],
  ["an empty list of recipients", { ...text, to: [] }, 400, CONSTRAINT],
  ["1001 recipients", { ...text, to: Array(1001).fill(number(1)) }, 400, CONSTRAINT],
  ["no text", { to: [number(1)] }, 400, CONSTRAINT],
  ["an empty text", { ...text, body: "" }, 400, CONSTRAINT],
  ["a text of 2001 characters", { ...text, body: "a".repeat(2001) }, 400, CONSTRAINT],
  ["an unknown type", { ...text, type: "mt_fax" }, 400, CONSTRAINT],
  ["an unknown kind of report", { ...text, delivery_report: "some" }, 400, CONSTRAINT],
  ["an expiry in the past", { ...text, expire_at: "2026-02-28" }, 400, CONSTRAINT],
  [
    "an expiry before sending",
    { ...text, send_at: "2026-03-03", expire_at: "2026-03-02" },
    400,
    CONSTRAINT,
  ],
  ["an expiry after more than 3 days", { ...text, expire_at: "2026-03-05" }, 400, CONSTRAINT],
  ["a limit of zero parts", { ...text, max_number_of_message_parts: 0 }, 400, CONSTRAINT],
  ["a type of number beyond 6", { ...text, from_ton: 7 }, 400, CONSTRAINT],
  ["a numbering plan beyond 18", { ...text, from_npi: 19 }, 400, CONSTRAINT],
  ["a long reference", { ...text, client_reference: "a".repeat(2049) }, 400, CONSTRAINT],
  [
    "a long value of a parameter",
    { ...text, parameters: { a: { default: "a".repeat(161) } } },
    400,
    CONSTRAINT,
  ],
  ["a binary without header", { ...binary, udh: undefined }, 400, CONSTRAINT],
  ["a binary of 141 bytes", { ...binary, body: btoa("a".repeat(140)) }, 400, CONSTRAINT],
  ["an MMS without URL", { ...media, body: { message: "Hi" } }, 400, CONSTRAINT],
  [
    "a long subject",
    { ...media, body: { ...media.body, subject: "a".repeat(81) } },
    400,
    CONSTRAINT,
  ],
  ["an invalid phone number", { ...text, to: ["not-a-number"] }, 400, FORMAT],
  ["a number without area code", { ...text, to: ["12345"] }, 400, FORMAT],
  ["a national number", { ...text, to: ["0701234567"] }, 400, FORMAT],
  ["an empty recipient", { ...text, to: [""] }, 400, FORMAT],
  ["a bad number besides an unknown group", { ...text, to: [UNKNOWN_GROUP, "1"] }, 400, FORMAT],
  ["a sender of 12 letters", { ...text, from: "abcdefghijkl" }, 400, FORMAT],
  ["an invalid time", { ...text, send_at: "soon" }, 400, FORMAT],
  ["a day that does not exist", { ...text, send_at: "2026-02-30" }, 400, FORMAT],
  ["a callback that is not a URL", { ...text, callback_url: "example" }, 400, FORMAT],
  ["a callback by mail", { ...text, callback_url: "mailto:a@example.com" }, 400, FORMAT],
  ["a bad name of a parameter", { ...text, parameters: { "a b": {} } }, 400, FORMAT],
  ["a bad number in a parameter", { ...text, parameters: { a: { joe: "Joe" } } }, 400, FORMAT],
  ["a body that is not Base64", { ...binary, body: "?" }, 400, FORMAT],
  ["a header that is not hexadecimal", { ...binary, udh: "0G" }, 400, FORMAT],
  ["an odd number of hexadecimal digits", { ...binary, udh: "0" }, 400, FORMAT],
  ["media that is not a URL", { ...media, body: { url: "cat" } }, 400, FORMAT],
  ["a string instead of an array", { ...text, to: number(1) }, 400, "syntax_invalid_json"],
  ["a number instead of a string", { ...text, body: 1 }, 400, "syntax_invalid_json"],
  ["a string instead of a boolean", { ...text, flash_message: "yes" }, 400, "syntax_invalid_json"],
  ["an array instead of an object", [], 400, "syntax_invalid_json"],
  ["an unknown group", { ...text, to: [UNKNOWN_GROUP] }, 403, "unknown_group"],
  [
    "an unknown group besides a number",
    { ...text, to: [number(1), "no_such_group"] },
    403,
    "unknown_group",
  ],
  ["an unknown campaign", { ...text, campaign_id: "C1" }, 403, "unknown_campaign"],
  ["a blocked sender", { ...text, from: "BLOCKED" }, 403, "blocked_account"],
  ["an illegal type of number", { ...text, to: ["+12025550110"] }, 403, "illegal_number_type"],
  ...["summary", "full", "per_recipient", "per_recipient_final"].map((delivery_report): Row => [
    `a ${delivery_report} report without callback URL`,
    { ...text, delivery_report },
    403,
    "missing_callback_url",
  ]),
];

Deno.test("an invalid batch is refused with the status and code of its fault", async (t) => {
  const { call, at } = testSandbox();
  const scheduled = { ...text, send_at: at(3_600_000) };
  const { body: { id } } = await call("POST", "/batches", scheduled);
  const before = await call("GET", `/batches/${id}`);
  for (const [why, message, status, code] of BATCHES) {
    await t.step(why, async () => {
      for (const [method, path] of [["POST", ""], ["POST", "/dry_run"], ["PUT", `/${id}`]]) {
        const answer = await call(method ?? "", `/batches${path}`, message);
        assertEquals([answer.status, answer.body.code], [status, code], path);
        assertEquals(Object.keys(answer.body), ["code", "text"]);
        assert(answer.body.text.length > 10);
      }
    });
  }
  assertEquals((await call("GET", "/batches")).body.count, 1);
  assertEquals(await call("GET", `/batches/${id}`), before);
});

Deno.test("an invalid update is refused with the status and code of its fault", async () => {
  const { call, at } = testSandbox();
  const { body: { id } } = await call("POST", "/batches", { ...text, send_at: at(3_600_000) });
  const rows: Row[] = [
    ["another type", { type: "mt_binary" }, 400, CONSTRAINT],
    ["no recipients left", { to_remove: [`+${number(1)}`] }, 400, CONSTRAINT],
    ["an empty addition", { to_add: [] }, 400, CONSTRAINT],
    ["101 additions", { to_add: Array(101).fill(number(2)) }, 400, CONSTRAINT],
    ["no text", { body: null }, 400, "syntax_invalid_json"],
    ["a bad number", { to_add: ["1"] }, 400, FORMAT],
    ["an expiry before sending", { expire_at: at(1) }, 400, CONSTRAINT],
    ["an unknown group", { to_add: [UNKNOWN_GROUP] }, 403, "unknown_group"],
    ["no callback URL", { delivery_report: "per_recipient" }, 403, "missing_callback_url"],
  ];
  for (const [why, change, status, code] of rows) {
    const answer = await call("POST", `/batches/${id}`, change);
    assertEquals([answer.status, answer.body.code], [status, code], why);
  }
  assertEquals((await call("GET", `/batches/${id}`)).body.to, [number(1)]);
});

Deno.test("a dispatched or canceled batch cannot be changed", async () => {
  const { call, tick, at } = testSandbox();
  const dispatched = (await call("POST", "/batches", text)).body.id;
  tick(1_000);
  const canceled = (await call("POST", "/batches", { ...text, send_at: at(60_000) })).body.id;
  await call("DELETE", `/batches/${canceled}`);
  const rows: [id: string, change: object, code: string][] = [
    [dispatched, {}, "batch_already_dispatched"],
    [dispatched, { send_at: at(60_000) }, "conflict_send_at"],
    [canceled, {}, "batch_already_dispatched"],
    [canceled, { send_at: at(60_000) }, "batch_already_dispatched"],
  ];
  for (const [id, change, code] of rows) {
    for (const [method, body] of [["POST", change], ["PUT", { ...text, ...change }]] as const) {
      const answer = await call(method, `/batches/${id}`, body);
      assertEquals([answer.status, answer.body.code], [403, code], method);
    }
  }
});

Deno.test("an invalid group is refused with the status and code of its fault", async () => {
  const { call } = testSandbox();
  await call("POST", "/groups", { name: "Taken" });
  const { body: { id } } = await call("POST", "/groups", { name: "Mine", members: [number(1)] });
  const everywhere: Row[] = [
    ["a name of 21 characters", { name: "a".repeat(21) }, 400, CONSTRAINT],
    ["an empty name", { name: "" }, 400, CONSTRAINT],
    [
      "a keyword of 16 characters",
      {
        auto_update: { to: "54321", add: { first_word: "a".repeat(16) } },
      },
      400,
      CONSTRAINT,
    ],
    [
      "a keyword of two words",
      {
        auto_update: { to: "54321", add: { first_word: "a b" } },
      },
      400,
      FORMAT,
    ],
    ["keywords without a number", { auto_update: {} }, 400, CONSTRAINT],
    ["keywords for a name instead of a number", { auto_update: { to: "Sinch" } }, 400, FORMAT],
    ["a name that is taken", { name: "Taken" }, 403, "conflict_group_name"],
  ];
  const membered: Row[] = [
    ["members as a string", { members: number(1) }, 400, "syntax_invalid_json"],
    ["10,001 members", { members: Array(10_001).fill(number(1)) }, 400, CONSTRAINT],
    ["a member that is not a phone number", { members: ["joe"] }, 400, FORMAT],
    ["11 child groups", { members: [], child_groups: Array(11).fill(id) }, 400, CONSTRAINT],
    ["an unknown child", { members: [], child_groups: ["nobody"] }, 403, "unknown_group"],
  ];
  const changes: Row[] = [
    ["a bad addition", { add: ["joe"] }, 400, FORMAT],
    ["a bad removal", { remove: ["joe"] }, 400, FORMAT],
    ["an unknown group to add from", { add_from_group: "nobody" }, 403, "unknown_group"],
    ["an unknown group to remove from", { remove_from_group: "nobody" }, 403, "unknown_group"],
  ];
  const targets: [method: string, path: string, base: object, rows: Row[]][] = [
    ["POST", "/groups", {}, [...everywhere, ...membered]],
    ["PUT", `/groups/${id}`, { members: [] }, [...everywhere, ...membered]],
    ["PUT", `/groups/${id}`, {}, [["no members", {}, 400, CONSTRAINT]]],
    ["POST", `/groups/${id}`, {}, [...everywhere, ...changes]],
  ];
  for (const [method, path, base, rows] of targets) {
    for (const [why, body, status, code] of rows) {
      const answer = await call(method, path, { ...base, ...body });
      assertEquals([answer.status, answer.body.code], [status, code], `${method} ${why}`);
    }
  }
  const kept = await call("GET", `/groups/${id}`);
  assertEquals([kept.body.name, kept.body.size], ["Mine", 1]);
  assertEquals((await call("GET", "/groups")).body.count, 2);
});

Deno.test("invalid feedback is refused with the status and code of its fault", async () => {
  const { call } = testSandbox();
  const group = (await call("POST", "/groups", { members: [number(1)] })).body.id;
  const send = async (message: object) =>
    (await call("POST", "/batches", { ...text, ...message })).body.id;
  const asked = await send({ feedback_enabled: true });
  const rows: [why: string, id: string, body: object, status: number, code: string | undefined][] =
    [
      ["feedback not enabled", await send({}), { recipients: [] }, 400, CONSTRAINT],
      ["no list", asked, {}, 400, CONSTRAINT],
      ["a number that is not a recipient", asked, { recipients: [number(9)] }, 400, CONSTRAINT],
      ["not a phone number", asked, { recipients: ["joe"] }, 400, FORMAT],
      [
        "a batch to a group, without recipients",
        await send({ to: [group], feedback_enabled: true }),
        { recipients: [] },
        400,
        CONSTRAINT,
      ],
      ["no such batch", "UNKNOWN", { recipients: [] }, 404, undefined],
    ];
  for (const [why, id, body, status, code] of rows) {
    const answer = await call("POST", `/batches/${id}/delivery_feedback`, body);
    assertEquals([answer.status, answer.body.code], [status, code], why);
  }
});

Deno.test("an invalid query is a 400 that names the parameter", async () => {
  const { call } = testSandbox();
  const rows: [path: string, parameter: string, code: string][] = [
    ["/batches?page=-1", "page", CONSTRAINT],
    ["/batches?page=one", "page", FORMAT],
    ["/batches?page_size=0", "page_size", CONSTRAINT],
    ["/batches?page_size=101", "page_size", CONSTRAINT],
    ["/batches?start_date=yesterday", "start_date", FORMAT],
    ["/batches?end_date=2026-02-30", "end_date", FORMAT],
    ["/groups?page_size=1000", "page_size", CONSTRAINT],
    ["/inbounds?page=1.5", "page", FORMAT],
    ["/delivery_reports?start_date=x", "start_date", FORMAT],
  ];
  for (const [path, parameter, code] of rows) {
    const { status, body } = await call("GET", path);
    assertEquals([status, body.code], [400, code], path);
    assert(body.text.includes(`"${parameter}"`), body.text);
  }
  const dryRun = await call("POST", "/batches/dry_run?number_of_recipients=1001", text);
  assertEquals([dryRun.status, dryRun.body.code], [400, CONSTRAINT]);
});

Deno.test("a missing token, a wrong one and one of another plan are 401", async () => {
  const { sandbox } = testSandbox();
  const rows: [why: string, path: string, authorization: string][] = [
    ["wrong", "/xms/v1/plan/batches", "Bearer wrong"],
    ["of another plan", "/xms/v1/plan/batches", "Bearer secret"],
    ["missing", "/xms/v1/plan/batches", ""],
    ["of another scheme", "/xms/v1/plan/batches", "Basic token"],
    ["for an unknown plan", "/xms/v1/nobody/batches", "Bearer token"],
  ];
  for (const [why, path, authorization] of rows) {
    const { status, body, headers } = await request(sandbox, path, { headers: { authorization } });
    assertEquals([status, body.code], [401, "unauthorized"], why);
    assertEquals(headers.get("www-authenticate"), "Bearer", why);
  }
});

Deno.test("an unknown path is 404 without a body for every token and method", async () => {
  const { sandbox } = testSandbox();
  const paths = [
    "/",
    "/xms/v1/plan",
    "/xms/v1/plan/",
    "/xms/v1/plan/batches/",
    "/xms/v1/plan/batches/a%2Fb",
    "/xms/v1/plan/batches/a.b",
    "/xms/v1/plan/batches/ID1/delivery_report/12a",
    "/xms/v1/plan/nothing",
    "/xms/v2/plan/batches",
  ];
  for (const path of paths) {
    for (const method of ["GET", "POST", "PATCH"]) {
      const init = { method, headers: { authorization: "none" } };
      const { status, body, headers } = await request(sandbox, path, init);
      assertEquals([status, body, headers.get("content-length")], [404, "", "0"], path);
    }
  }
});

Deno.test("an unsupported method is 405 with the supported ones in Allow", async () => {
  const { call } = testSandbox();
  const rows: [path: string, methods: string[], allow: string][] = [
    ["/batches", ["PUT", "PATCH", "DELETE"], "POST, GET, HEAD"],
    ["/batches/ID1", ["PATCH"], "GET, HEAD, POST, PUT, DELETE"],
    ["/batches/ID1/delivery_feedback", ["GET", "PUT", "HEAD"], "POST"],
    ["/batches/ID1/delivery_report", ["POST", "DELETE"], "GET, HEAD"],
    [`/batches/ID1/delivery_report/${number(1)}`, ["POST"], "GET, HEAD"],
    ["/delivery_reports", ["POST"], "GET, HEAD"],
    ["/inbounds", ["POST"], "GET, HEAD"],
    ["/inbounds/ID1", ["DELETE"], "GET, HEAD"],
    ["/groups", ["DELETE"], "POST, GET, HEAD"],
    ["/groups/ID1", ["PATCH"], "GET, HEAD, POST, PUT, DELETE"],
    ["/groups/ID1/members", ["PUT"], "GET, HEAD"],
  ];
  for (const [path, methods, allow] of rows) {
    for (const method of methods) {
      const { status, headers } = await call(method, path);
      assertEquals([status, headers.get("allow")], [405, allow], `${method} ${path}`);
    }
  }
});

Deno.test("a body without a JSON content type is 415", async () => {
  const { sandbox } = testSandbox();
  const body = JSON.stringify(text);
  const send = (type: string | undefined) =>
    request(sandbox, "/xms/v1/plan/batches", {
      method: "POST",
      body: new TextEncoder().encode(body),
      ...type !== undefined && { headers: { "content-type": type } },
    });
  for (const type of [undefined, "", "text/plain", "application/x-www-form-urlencoded", "json"]) {
    const answer = await send(type);
    assertEquals([answer.status, answer.body.code], [415, "unsupported_media_type"], type ?? "");
    assertEquals(answer.headers.get("accept"), "application/json");
  }
  for (const type of ["application/json", "Application/JSON; charset=utf-8"]) {
    assertEquals((await send(type)).status, 201, type);
  }
});

Deno.test("a body that is not JSON is 400 syntax_invalid_json", async () => {
  const { sandbox } = testSandbox();
  const bodies = ["", "{", "{'to':1}", "null", "1", new Uint8Array([0x22, 0xff, 0x22])];
  for (const body of bodies) {
    const init = { method: "POST", headers: JSON_TYPE, body };
    const answer = await request(sandbox, "/xms/v1/plan/batches", init);
    assertEquals([answer.status, answer.body.code], [400, "syntax_invalid_json"], String(body));
  }
});

Deno.test("a body over the limit, with or without Content-Length, is 400 syntax_constraint_violation", async () => {
  const { sandbox } = testSandbox({ maxBodyBytes: 100 });
  const long = JSON.stringify({ ...text, body: "a".repeat(100) });
  const bodies = [long, new Blob([long]).stream()];
  for (const body of bodies) {
    const init = { method: "POST", headers: JSON_TYPE, body };
    const answer = await request(sandbox, "/xms/v1/plan/batches", init);
    assertEquals([answer.status, answer.body.code], [400, CONSTRAINT]);
  }
});

Deno.test("a blocked plan may read but not send", async () => {
  const { sandbox } = testSandbox({ servicePlans: { "blocked-plan": "token" } });
  const init = { method: "POST", headers: JSON_TYPE, body: JSON.stringify(text) };
  const sent = await request(sandbox, "/xms/v1/blocked-plan/batches", init);
  assertEquals([sent.status, sent.body.code], [403, "blocked_account"]);
  assertEquals((await request(sandbox, "/xms/v1/blocked-plan/batches")).status, 200);
});

Deno.test("requests over a plan's limit of outstanding requests are 429 with Retry-After", async () => {
  const { sandbox, call } = testSandbox({ maxOutstanding: 1 });
  const slow = call("GET", "/batches?sandbox_delay_ms=30");
  const refused = await call("GET", "/batches");
  assertEquals([refused.status, refused.body.code], [429, "too_many_requests"]);
  assertEquals(refused.headers.get("retry-after"), "1");
  const headers = { authorization: "Bearer secret" };
  assertEquals((await request(sandbox, "/xms/v1/other/batches", { headers })).status, 200);
  assertEquals((await slow).status, 200);
  assertEquals((await call("GET", "/batches")).status, 200);
});

Deno.test("a length is counted in characters, so an emoji counts as one", async () => {
  const { call } = testSandbox();
  const named = (name: string) => call("POST", "/groups", { name });
  assertEquals((await named("😀".repeat(20))).status, 201);
  assertEquals((await named("😀".repeat(21))).body.code, "syntax_constraint_violation");
});

Deno.test("a page after the last one is empty, and a page number that is too large is refused", async () => {
  const { call } = testSandbox();
  assertEquals((await call("GET", "/groups?page=2147483647")).body.groups, []);
  assertEquals((await call("GET", "/groups?page=2147483648")).status, 400);
});
