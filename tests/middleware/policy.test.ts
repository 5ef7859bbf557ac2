import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { accessRecord } from "../../telemetry/access_log.ts";
import { TransportError } from "../../errors/transport_error.ts";
import { jsonReply } from "../support/gateway.ts";
import { BATCHES, GROUPS, policyGateway } from "./policy_kit.ts";

const SWEDEN = "+46701234567";
const NORWAY = "+4740612345";
const message = (...to: unknown[]) => ({ from: "ACME", to, body: "Hi" });

const NORDIC = { name: "nordic", callers: ["shop"], countries: ["SE", "NO"] };

/** The bytes of a text whose characters stand for one byte each. */
function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

async function codeOf(response: Response): Promise<string> {
  return `${response.status} ${(await response.json()).code ?? ""}`.trim();
}

Deno.test("a recipient in another country is refused with 403, and nothing is sent", async () => {
  const { send, reached, exchanges } = await policyGateway([NORDIC]);
  assertEquals((await send("POST", BATCHES, message(SWEDEN, NORWAY))).status, 201);
  const refused = await send("POST", BATCHES, message(SWEDEN, "+4915112345678"));
  assertEquals(refused.headers.get("x-error-origin"), "gateway");
  const { code, text } = await refused.json();
  assertEquals([refused.status, code], [403, "destination_not_allowed"]);
  assertMatch(text, /nordic .*SE, NO/);
  assertEquals(/\d{4}/.test(text), false, "the text quotes no number");
  assertEquals(reached(), ["POST /batches"]);
  const { policy } = exchanges[0] ?? {};
  assertEquals([policy?.recipients, policy?.parts, policy?.messages], [2, 1, 2]);
  assertEquals([...policy?.countries ?? []], [["SE", 1], ["NO", 1]]);
});

for (
  const number of [
    "46701234567",
    "0046701234567",
    "+46 (70) 123-45 67",
    "46-701234567",
    "\u00a0+46701234567",
    46701234567,
  ]
) {
  Deno.test(`the number ${JSON.stringify(number)} is read as the API reads it`, async () => {
    const { send, reached, exchanges } = await policyGateway([
      { ...NORDIC, countries: ["SE"] },
      { name: "other", callers: ["*"], countries: ["NO"] },
    ]);
    await send("POST", BATCHES, message(number));
    assertEquals(reached(), ["POST /batches"]);
    assertEquals(exchanges[0]?.policy?.recipients, 1);
    const refused = await send("POST", BATCHES, message(number), { subject: "other" });
    assertEquals(await codeOf(refused), "403 destination_not_allowed");
  });
}

for (
  const number of [
    ["an area code of no country", "+12225550101"],
    ["a satellite phone", "+881612345678"],
    ["+800", "+80012345678"],
    ["a national number", "070-123 45 67"],
    ["another separator", "+46.70.123"],
    ["digits of another script", "+٤٦٧٠١٢٣٤٥٦٧"],
    ["a number that is too long", "4670123456712345"],
    ["digits alone, too few", "12345"],
    ["a list within the list", [SWEDEN]],
    ["an object", { msisdn: SWEDEN }],
  ]
) {
  Deno.test(`a recipient whose country is not certain is refused: ${number[0]}`, async () => {
    const { send, reached } = await policyGateway([{ ...NORDIC, countries: ["SE", "US", "KZ"] }]);
    const refused = await send("POST", BATCHES, message(SWEDEN, number[1]));
    assertEquals(await codeOf(refused), "403 destination_not_allowed");
    assertEquals(reached(), []);
  });
}

Deno.test("a recipient that is not a number is left to the API, which refuses it", async () => {
  const { send, reached } = await policyGateway([NORDIC]);
  for (const to of [["nobody at all"], [], null]) {
    const refused = await send("POST", BATCHES, { from: "ACME", to, body: "Hi" });
    assertEquals([refused.status, refused.headers.get("x-error-origin")], [400, "upstream"]);
  }
  assertEquals(reached().length, 3);
});

for (
  const [what, body] of [
    ["to twice", `{"to":["${SWEDEN}"],"to":["+4915112345678"],"body":"Hi"}`],
    ["to twice, once escaped", `{"to":["+4915112345678"],"t\\u006f":["${SWEDEN}"],"body":"Hi"}`],
    ["a value of a parameter twice", `{"to":["${SWEDEN}"],"parameters":{"a":{"b":"1","b":"2"}}}`],
    ["something after the object", `{"to":["${SWEDEN}"],"body":"Hi"} {}`],
    ["UTF-16", new Uint8Array([0x7b, 0, 0x7d, 0])],
    ["bytes that are not UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    // 0xC1 0xB4 is an overlong form of "t", 0xC0 0xB4 one of "4", 0xC0 0xB9 one of "9".
    ["an overlong name", latin1(`{"\xc1\xb4o":["+4915112345678"],"to_add":[],"body":"Hi"}`)],
    ["overlong digits", latin1(`{"to":["+\xc0\xb4\xc0\xb915112345678"],"body":"Hi"}`)],
    ["an overlong name in a cut body", latin1(`{"\xc1\xb4o":["+4915112345678"]`)],
    ...([
      "To",
      "TO_ADD",
      "to_Remove",
      "From",
      "Body",
      "Type",
      "parameterS",
      "parameter\u017f",
    ] as const)
      .map((name) =>
        [`the member ${name}`, `{"${name}":["${SWEDEN}"],"to":[],"body":"Hi"}`] as const
      ),
  ] as const
) {
  Deno.test(`a body that others could read differently is 400 and not sent: ${what}`, async () => {
    const { send, reached } = await policyGateway([NORDIC]);
    const refused = await send("POST", BATCHES, body);
    assertEquals(await codeOf(refused), "400 syntax_invalid_json");
    assertEquals(reached(), []);
  });
}

for (
  const [what, body] of [
    ["a list", `[{"to":["${SWEDEN}"],"body":"Hi"}]`],
    ["a text", '"Hi"'],
    ["a cut body", `{"to":["${SWEDEN}"`],
    ["a word", "hello"],
  ] as const
) {
  Deno.test(`a body that is not a JSON object is left to the API, which refuses it: ${what}`, async () => {
    const { send, reached } = await policyGateway([NORDIC]);
    const refused = await send("POST", BATCHES, body);
    assertEquals([refused.status, refused.headers.get("x-error-origin")], [400, "upstream"]);
    assertEquals(reached().length, 1);
  });
}

Deno.test("a sender that the policy does not name is refused, as is none", async () => {
  const senders = ["ACME", "12345", "+46 70 999 99 99"];
  const { send, reached } = await policyGateway([{ name: "p", callers: ["*"], senders }]);
  const to = [SWEDEN];
  for (const from of ["ACME", "12345", 12345, "0046709999999"]) {
    await send("POST", BATCHES, { from, to, body: "Hi" });
  }
  assertEquals(reached().length, 4);
  for (const from of ["acme", "BANK", "1234", "", null, undefined, ["ACME"], { a: "ACME" }]) {
    const refused = await send("POST", BATCHES, { from, to, body: "Hi" });
    assertEquals(await codeOf(refused), "403 sender_not_allowed", JSON.stringify(from));
  }
  assertEquals(reached().length, 4);
});

Deno.test("dry run, update and replacement of a batch are judged like a send", async () => {
  const policy = { ...NORDIC, senders: ["ACME"] };
  const { send, reached } = await policyGateway([policy]);
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const created = await send("POST", BATCHES, { ...message(SWEDEN), send_at: later });
  const batch = `${BATCHES}/${(await created.json()).id}`;
  const germany = "4915112345678";
  for (
    const [method, path, body, code] of [
      ["POST", `${BATCHES}/dry_run`, message(germany), "destination_not_allowed"],
      ["POST", `${BATCHES}/dry_run`, { ...message(SWEDEN), from: "BANK" }, "sender_not_allowed"],
      ["POST", batch, { to_add: [germany] }, "destination_not_allowed"],
      ["POST", batch, { to: [germany] }, "destination_not_allowed"],
      ["POST", batch, { from: "BANK" }, "sender_not_allowed"],
      ["POST", batch, { from: null }, "sender_not_allowed"],
      ["PUT", batch, message(germany), "destination_not_allowed"],
      ["PUT", batch, { to: [SWEDEN], body: "Hi" }, "sender_not_allowed"],
    ] as const
  ) {
    assertEquals(await codeOf(await send(method, path, body)), `403 ${code}`);
  }
  assertEquals(reached().filter((one) => !one.startsWith("GET")), ["POST /batches"]);
  assertEquals((await send("POST", batch, { to_add: [NORWAY] })).status, 200);
  assertEquals((await send("POST", batch, { body: "Hello" })).status, 200);
  assertEquals((await send("PUT", batch, message(NORWAY))).status, 200);
  assertEquals((await send("POST", `${BATCHES}/dry_run`, message(NORWAY))).status, 200);
  assertEquals((await send("GET", batch)).status, 200);
});

for (
  const [rule, code] of [
    [{ countries: ["SE"] }, "destination_not_allowed"],
    [{ senders: ["ACME"] }, "sender_not_allowed"],
    [{ groups: false }, "destination_not_allowed"],
  ] as const
) {
  Deno.test(`an update is judged with the rest of the batch, which another caller sent: ${JSON.stringify(rule)}`, async () => {
    const { send, reached } = await policyGateway([{ name: "p", callers: ["shop"], ...rule }]);
    const as = { subject: "other" };
    const { id: group } = await (await send("POST", GROUPS, { members: [SWEDEN] }, as)).json();
    const send_at = new Date(Date.now() + 3_600_000).toISOString();
    const body = { from: "BANK", to: ["4915112345678", group], body: "Hi", send_at };
    const batch = `${BATCHES}/${(await (await send("POST", BATCHES, body, as)).json()).id}`;
    const before = reached().length;
    assertEquals(await codeOf(await send("POST", batch, { body: "Hello" })), `403 ${code}`);
    assertEquals(reached().slice(before).filter((one) => one.startsWith("POST")), []);
    const mended = { from: "ACME", to_add: [SWEDEN], to_remove: ["4915112345678", group] };
    assertEquals((await send("POST", batch, mended)).status, 200);
    assertEquals((await send("POST", `${BATCHES}/none`, { body: "Hello" })).status, 404);
  });
}

Deno.test("what an update both adds and removes is billed and judged as added", async () => {
  const policy = { name: "p", callers: ["*"], messages: { per_day: 1_000 }, countries: ["SE"] };
  const { send, exchanges } = await policyGateway([policy]);
  const send_at = new Date(Date.now() + 3_600_000).toISOString();
  const created = await send("POST", BATCHES, { ...message(SWEDEN), send_at });
  const batch = `${BATCHES}/${(await created.json()).id}`;
  await send("POST", batch, { to_add: ["46701234568"], to_remove: ["46701234568"] });
  assertEquals(exchanges.at(-1)?.policy?.messages, 1);
  const both = { to_add: ["4915112345678"], to_remove: ["4915112345678"] };
  assertEquals(await codeOf(await send("POST", batch, both)), "403 destination_not_allowed");
});

Deno.test("a change of a batch bills what it adds, a dry run nothing", async () => {
  const policy = { name: "p", callers: ["*"], messages: { per_day: 1_000 }, countries: ["SE"] };
  const { send, exchanges } = await policyGateway([policy]);
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const long = "a".repeat(161);
  const created = await send("POST", BATCHES, {
    ...message(SWEDEN, "46701234568"),
    send_at: later,
  });
  const batch = `${BATCHES}/${(await created.json()).id}`;
  await send("POST", batch, { to_add: ["46701234569"] });
  await send("POST", batch, { body: long });
  await send("POST", batch, { to_remove: ["46701234569"] });
  await send("PUT", batch, { ...message(SWEDEN, "46701234568"), body: "a".repeat(307) });
  await send("POST", `${BATCHES}/dry_run`, message(SWEDEN));
  const billed = exchanges.map(({ policy }) => policy?.messages);
  assertEquals(billed, [2, 1, 3, 0, 2, 0]);
});

Deno.test("parts are counted for each recipient, with the values of its parameters", async () => {
  const { send, exchanges } = await policyGateway([{ name: "p", callers: ["*"] }]);
  const dryRun = await send("POST", `${BATCHES}/dry_run`, {
    to: [SWEDEN, "+46701234568", "0046701234569"],
    body: `\${text}${"a".repeat(100)}`,
    parameters: { text: { "+46 701234567": "b".repeat(61), "46701234568": "д", default: "" } },
  });
  const { number_of_messages } = await dryRun.json();
  await send("POST", BATCHES, {
    to: [SWEDEN, "+46701234568", "0046701234569"],
    body: `\${text}${"a".repeat(100)}`,
    parameters: { text: { "+46 701234567": "b".repeat(61), "46701234568": "д", default: "" } },
  });
  assertEquals(number_of_messages, 2 + 2 + 1);
  assertEquals(exchanges[1]?.policy?.messages, number_of_messages);
  assertEquals(exchanges[1]?.policy?.parts, 2);
});

Deno.test("the members of a group are judged, asked of the API once a minute, and counted", async () => {
  const { send, reached, exchanges } = await policyGateway([NORDIC]);
  const group = async (...members: string[]) =>
    (await (await send("POST", GROUPS, { members })).json()).id as string;
  const nordic = await group(SWEDEN, NORWAY);
  const mixed = await group(SWEDEN, "+4915112345678");
  const child = (await (await send("POST", GROUPS, { child_groups: [mixed] })).json()).id;
  assertEquals((await send("POST", BATCHES, message(nordic, "46701234568"))).status, 201);
  const { recipients, messages, countries } = exchanges.at(-1)?.policy ?? {};
  assertEquals([recipients, messages, [...countries ?? []]], [3, 3, [["SE", 2], ["NO", 1]]]);
  assertEquals((await send("POST", BATCHES, message(nordic))).status, 201);
  for (const id of [mixed, child]) {
    assertEquals(
      await codeOf(await send("POST", BATCHES, message(id))),
      "403 destination_not_allowed",
    );
  }
  const unknown = await send("POST", BATCHES, message("01FC66621VHDBN119Z8PMV1QPU"));
  assertEquals(await codeOf(unknown), "403 unknown_group");
  assertEquals(unknown.headers.get("x-error-origin"), "upstream");
  assertEquals(reached().filter((one) => one.endsWith("/members")).length, 4);
});

for (const [method, body] of [["POST", "add"], ["PUT", "members"], ["DELETE", ""]] as const) {
  Deno.test(`the members of groups are asked for again after ${method} of a group, also of those that contain it`, async () => {
    const { send } = await policyGateway([{ ...NORDIC, countries: ["SE"] }]);
    const create = async (body: object) =>
      (await (await send("POST", GROUPS, body, { subject: "other" })).json()).id as string;
    const inner = await create({ members: [SWEDEN] });
    const outer = await create({ members: [SWEDEN], child_groups: [inner] });
    assertEquals((await send("POST", BATCHES, message(outer))).status, 201);
    const change = body && { [body]: ["4915112345678"] };
    await send(method, `${GROUPS}/${inner}`, change || undefined, { subject: "other" });
    const again = await send("POST", BATCHES, message(outer));
    assertEquals(again.status, method === "DELETE" ? 201 : 403);
    const gone = await send("POST", BATCHES, message(inner));
    assertEquals(
      await codeOf(gone),
      method === "DELETE" ? "403 unknown_group" : "403 destination_not_allowed",
    );
  });
}

Deno.test('with "groups": false a send to a group is refused without a question to the API', async () => {
  const { send, reached } = await policyGateway([{ ...NORDIC, groups: false }]);
  const { id } = await (await send("POST", GROUPS, { members: [SWEDEN] })).json();
  const refused = await send("POST", BATCHES, message(SWEDEN, id));
  const { code, text } = await refused.json();
  assertEquals([refused.status, code], [403, "destination_not_allowed"]);
  assertStringIncludes(text, "does not allow groups");
  assertEquals(reached(), ["POST /groups"]);
});

for (
  const [what, answer] of [
    ["answers 500", () => jsonReply(500, {})],
    ["answers something else", () => jsonReply(200, { members: [SWEDEN] })],
    ["answers no JSON", () => ({ ...jsonReply(200, 1), body: new Uint8Array([0x5b]) })],
    [
      "does not answer in time",
      () => Promise.reject(new TransportError(true, "timeout", { cause: undefined })),
    ],
    [
      "cannot be reached",
      () => Promise.reject(new TransportError(false, "network", { cause: undefined })),
    ],
  ] as const
) {
  Deno.test(`a group whose members are not known is 503 and not sent to: the API ${what}`, async () => {
    const { send, sent } = await policyGateway([NORDIC], {
      upstream: ({ method }) => method === "GET" ? answer() : undefined,
    });
    const refused = await send("POST", BATCHES, message("01FC66621VHDBN119Z8PMV1QPU"));
    assertEquals(refused.status, 503);
    assert(refused.headers.has("retry-after"));
    assertEquals(sent.filter(({ method }) => method === "POST"), []);
  });
}

Deno.test("a caller whose groups take long does not keep the others from asking", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { send, sent } = await policyGateway([{ ...NORDIC, callers: ["*"] }], {
    env: { UPSTREAM_TIMEOUT_MS: "200" },
    upstream: async ({ method, path }) => {
      if (method !== "GET") return jsonReply(201, { id: "b1" });
      if (path.includes("/groups/SLOW")) await promise;
      return jsonReply(200, [SWEDEN]);
    },
  });
  const codes: string[] = [];
  const slow = Array.from({ length: 9 }, async (_, i) => {
    codes.push(await codeOf(await send("POST", BATCHES, message(`SLOW-${i}`))));
  });
  while (sent.length < 2) await new Promise((next) => setTimeout(next));
  const other = await send("POST", BATCHES, message("GROUP-1"), { subject: "other" });
  assertEquals(other.status, 201);
  while (codes.length < 7) await new Promise((next) => setTimeout(next));
  assertEquals(codes, Array(7).fill("503 overloaded"));
  resolve();
  await Promise.all(slow);
});

Deno.test("the span of a lookup has no identifier of a body, which may be a phone number", async () => {
  const { send, spans } = await policyGateway([NORDIC]);
  await send("POST", BATCHES, message("tel46701234567"));
  const urls = spans.map(({ attributes }) => attributes["url.full"]).filter(Boolean);
  const plan = "http://upstream.test/xms/v1";
  assertEquals(urls, [
    `${plan}/{service_plan_id}/groups/{group_id}/members`,
    `${plan}/plan-1/batches`,
  ]);
});

for (const mode of ["live", "warn"]) {
  Deno.test(`lookups that fail do not stop the sends of others: mode ${mode}`, async () => {
    const { send } = await policyGateway([{ ...NORDIC, mode }], {
      upstream: ({ method }) => method === "GET" ? jsonReply(500, {}) : jsonReply(201, {}),
      env: { BREAKER_FAILURES: "3" },
    });
    for (let sends = 0; sends < 5; sends++) await send("POST", BATCHES, message(`GROUP-${sends}`));
    const other = await send("POST", BATCHES, message(SWEDEN), { subject: "other" });
    assertEquals(other.status, 201);
  });
}

Deno.test("a group that is too large to be judged is refused, as are too many groups", async () => {
  const members = Array.from({ length: 100_000 }, (_, i) => String(46701000000 + i));
  const { send, reached } = await policyGateway([NORDIC], {
    upstream: ({ path }) => {
      if (!path.endsWith("/members")) return undefined;
      const { status, headers, body } = jsonReply(200, members);
      return { status, headers, body: new Blob([new Uint8Array(body as Uint8Array)]).stream() };
    },
  });
  const ids = (count: number) => Array.from({ length: count }, (_, i) => `GROUP-${i}`);
  for (const to of [ids(1), ids(21)]) {
    const refused = await send("POST", BATCHES, message(...to));
    assertEquals(await codeOf(refused), "403 destination_not_allowed");
  }
  assertEquals(reached(), []);
});

Deno.test("in the mode warn everything is sent, and log, span and counts say what breaks a rule", async () => {
  const policy = { ...NORDIC, senders: ["BANK"], groups: false, mode: "warn" };
  const { send, reached, exchanges, spans } = await policyGateway([policy]);
  const sent = await send("POST", BATCHES, message("+4915112345678"));
  assertEquals([sent.status, sent.headers.get("x-policy-mode")], [201, null]);
  const twice = `{"to":["${SWEDEN}"],"to":["${NORWAY}"],"from":"BANK","body":"Hi"}`;
  assertEquals((await send("POST", BATCHES, twice)).status, 201);
  const invalid = latin1(`{"to":["${SWEDEN}"],"from":"BANK","body":"\xff"}`);
  const left = await send("POST", BATCHES, invalid);
  assertEquals(left.headers.get("x-error-origin"), "upstream");
  assertEquals(reached(), Array(3).fill("POST /batches"));
  const records = exchanges.map((exchange) => accessRecord(exchange, 1));
  assertEquals(
    records.map(({ policy_mode, policy_violations }) => [policy_mode, policy_violations]),
    [["warn", "sender country"], ["warn", "body"], ["warn", "body"]],
  );
  const span = spans.find(({ attributes }) => attributes["http.route"]);
  assertEquals(span?.attributes["sms_gateway.policy.violations"], ["sender", "country"]);
});

Deno.test('in the mode warn with "groups": false the members of a group are counted all the same', async () => {
  const policy = { ...NORDIC, groups: false, messages: { per_day: 10 }, mode: "warn" };
  const { send, exchanges } = await policyGateway([policy]);
  const { id } = await (await send("POST", GROUPS, { members: [SWEDEN, NORWAY] })).json();
  await send("POST", BATCHES, message(id));
  const { messages, violations } = exchanges.at(-1)?.policy ?? {};
  assertEquals([messages, violations], [2, ["groups"]]);
});

Deno.test("in the mode warn a request is sent when the API does not tell the members of a group", async () => {
  const { send, sent } = await policyGateway([{ ...NORDIC, mode: "warn" }], {
    upstream: ({ method }) => method === "GET" ? jsonReply(500, {}) : jsonReply(201, {}),
  });
  assertEquals((await send("POST", BATCHES, message("01FC66621VHDBN119Z8PMV1QPU"))).status, 201);
  assertEquals(sent.at(-1)?.method, "POST");
});

Deno.test("in the mode test every request goes to the test API with its token, and the answer says so", async () => {
  const policies = [{ name: "trial", callers: ["new"], mode: "test" }];
  const { send, live, trial, sent, exchanges } = await policyGateway(policies);
  const as = { subject: "new" };
  const created = await send("POST", BATCHES, message(SWEDEN), as);
  const { id } = await created.json();
  const got = await send("GET", `${BATCHES}/${id}`, undefined, as);
  const missing = await send("GET", `${BATCHES}/none`, undefined, as);
  const refused = await send("POST", BATCHES, {}, as);
  const all = [created, got, missing, refused];
  assertEquals(all.map(({ status }) => status), [201, 200, 404, 400]);
  assertEquals(all.map(({ headers }) => headers.get("x-policy-mode")), Array(4).fill("test"));
  assertEquals([live.requests().length, trial.requests().length], [0, 4]);
  assertEquals(JSON.stringify(sent).includes("credential-of-plan-1"), false);
  assertEquals(exchanges.map((one) => accessRecord(one, 1).policy_mode), Array(4).fill("test"));
  const other = await send("GET", BATCHES);
  assertEquals([live.requests().length, other.headers.get("x-policy-mode")], [1, null]);
});

Deno.test("a key that was used in the mode test is free for a real send", async () => {
  const policies = [{ name: "trial", callers: ["shop"], mode: "test" }];
  const gateway = await policyGateway(policies);
  const { send, live, trial } = gateway;
  const headers = { "idempotency-key": "order-1" };
  const first = await send("POST", BATCHES, message(SWEDEN), { headers });
  const repeat = await send("POST", BATCHES, message(SWEDEN), { headers });
  assertEquals(await repeat.text(), await first.text());
  assertEquals(repeat.headers.get("x-policy-mode"), "test");
  gateway.reconfigure({ ...gateway.config, policies: [] });
  const real = await send("POST", BATCHES, message(SWEDEN), { headers });
  assertEquals([real.status, real.headers.get("idempotent-replayed")], [201, null]);
  assertEquals([trial.requests().length, live.requests().length], [1, 1]);
});

Deno.test("a replay is answered as the first, though the policy has changed since", async () => {
  const gateway = await policyGateway([NORDIC]);
  const { send, config, reached } = gateway;
  const headers = { "idempotency-key": "order-1" };
  const first = await send("POST", BATCHES, message(SWEDEN), { headers });
  const [policy] = config.policies;
  assert(policy);
  gateway.reconfigure({ ...config, policies: [{ ...policy, countries: new Set(["NO"]) }] });
  const repeat = await send("POST", BATCHES, message(SWEDEN), { headers });
  assertEquals([repeat.status, await repeat.text()], [201, await first.text()]);
  const refused = await send("POST", BATCHES, message(SWEDEN));
  assertEquals(await codeOf(refused), "403 destination_not_allowed");
  assertEquals(reached(), ["POST /batches"]);
});

Deno.test("a refused request frees its key", async () => {
  const { send } = await policyGateway([NORDIC]);
  const headers = { "idempotency-key": "order-1" };
  const refused = await send("POST", BATCHES, message("4915112345678"), { headers });
  assertEquals(await codeOf(refused), "403 destination_not_allowed");
  assertEquals((await send("POST", BATCHES, message(SWEDEN), { headers })).status, 201);
});

Deno.test("callers without a policy send what they like, and no policy is known of them", async () => {
  const { send, exchanges } = await policyGateway([NORDIC]);
  const sent = await send("POST", BATCHES, message("+4915112345678"), { subject: "other" });
  assertEquals([sent.status, exchanges[0]?.policy], [201, undefined]);
});
