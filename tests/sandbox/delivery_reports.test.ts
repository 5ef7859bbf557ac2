import { assertEquals } from "@std/assert";
import { number, START, testSandbox } from "./kit.ts";

const HOUR_MS = 3_600_000;

Deno.test("a message is Queued, then Dispatched, then Delivered, by the sandbox's clock", async () => {
  const { call, tick, at } = testSandbox({ dispatchAfterMs: 100, deliverAfterMs: 50 });
  const { body: { id } } = await call("POST", "/batches", {
    to: [number(1)],
    body: "Hi",
    client_reference: "ref",
  });
  const report = async () =>
    (await call("GET", `/batches/${id}/delivery_report/${number(1)}`)).body;
  const common = {
    type: "recipient_delivery_report_sms",
    batch_id: id,
    recipient: number(1),
    client_reference: "ref",
    applied_originator: "12025550199",
  };
  assertEquals(await report(), { ...common, code: 400, status: "Queued", at: START });
  tick(99);
  assertEquals((await report()).status, "Queued");
  tick(1);
  const dispatched = { code: 401, status: "Dispatched", at: at(0), operator_status_at: at(0) };
  assertEquals(await report(), { ...common, ...dispatched });
  tick(50);
  const delivered = { code: 0, status: "Delivered", at: at(0), operator_status_at: at(0) };
  assertEquals(await report(), { ...common, ...delivered });
  tick(HOUR_MS);
  assertEquals((await report()).at, at(-HOUR_MS));
});

Deno.test("a summary report has a count per code, a full report the recipients too", async () => {
  const { call, tick } = testSandbox();
  const { body: { id } } = await call("POST", "/batches", {
    to: [number(1), "12025550105", number(2)],
    body: "Hi",
  });
  tick(10_000);
  const path = `/batches/${id}/delivery_report`;
  const summary = {
    type: "delivery_report_sms",
    batch_id: id,
    total_message_count: 3,
    statuses: [
      { code: 0, status: "Delivered", count: 2 },
      { code: 1, status: "Failed", count: 1 },
    ],
  };
  assertEquals((await call("GET", path)).body, summary);
  assertEquals((await call("GET", `${path}?type=summary`)).body, summary);
  assertEquals((await call("GET", `${path}?type=full`)).body.statuses, [
    { code: 0, status: "Delivered", count: 2, recipients: [number(1), number(2)] },
    { code: 1, status: "Failed", count: 1, recipients: ["12025550105"] },
  ]);
  for (const query of ["status=Failed,Expired", "code=1,402", "status=Failed&code=1"]) {
    const { body } = await call("GET", `${path}?${query}`);
    assertEquals([body.total_message_count, body.statuses], [3, [summary.statuses[1]]], query);
  }
  assertEquals((await call("GET", `${path}?status=Queued`)).body.statuses, []);
});

Deno.test("each magic recipient gets the code and status that the README documents", async () => {
  const cases: [recipient: string, code: number, status: string][] = [
    ["12025550101", 402, "Aborted"],
    ["12025550102", 404, "Aborted"],
    ["12025550103", 408, "Aborted"],
    ["12025550104", 412, "Aborted"],
    ["12025550105", 1, "Failed"],
    ["12025550106", 9, "Rejected"],
    ["12025550107", 10, "Deleted"],
    ["12025550108", 6, "Unknown"],
    ["12025550109", 401, "Dispatched"],
  ];
  const { call, tick } = testSandbox();
  const to = cases.map(([recipient]) => recipient);
  const { body: { id } } = await call("POST", "/batches", { to, body: "Hi" });
  const report = async (recipient: string) =>
    (await call("GET", `/batches/${id}/delivery_report/${recipient}`)).body;
  tick(10_000);
  for (const [recipient, code, status] of cases) {
    const { body } = { body: await report(recipient) };
    assertEquals([body.code, body.status], [code, status], recipient);
  }
  tick(72 * HOUR_MS);
  assertEquals((await report("12025550109")).status, "Expired");
});

Deno.test("a message that cannot be built or expires early is Aborted with its code", async () => {
  const { call, tick, at } = testSandbox();
  const cases: [why: string, message: object, code: number][] = [
    ["no value for its parameter", { body: "Hi ${name}", parameters: { other: {} } }, 405],
    ["expired before dispatch", { body: "Hi", expire_at: at(500) }, 406],
    ["too many parts", { body: "a".repeat(161), max_number_of_message_parts: 1 }, 411],
  ];
  const ids: string[] = [];
  for (const [, message] of cases) {
    ids.push((await call("POST", "/batches", { to: [number(1)], ...message })).body.id);
  }
  tick(5_000);
  for (const [index, [why, , code]] of cases.entries()) {
    const { body } = await call("GET", `/batches/${ids[index]}/delivery_report/${number(1)}`);
    assertEquals([body.code, body.status], [code, "Aborted"], why);
  }
});

Deno.test("a missing parameter fails only for its recipient", async () => {
  const { call, tick } = testSandbox();
  const { body: { id } } = await call("POST", "/batches", {
    to: [number(1), number(2)],
    body: "Hi ${name}",
    parameters: { name: { [number(1)]: "Joe" } },
  });
  tick(5_000);
  const { body } = await call("GET", `/batches/${id}/delivery_report?type=full`);
  assertEquals(body.statuses, [
    { code: 0, status: "Delivered", count: 1, recipients: [number(1)] },
    { code: 405, status: "Aborted", count: 1, recipients: [number(2)] },
  ]);
});

Deno.test("a canceled batch has no report, Cancelled, or the statuses reached before", async () => {
  const { call, tick, at } = testSandbox();
  const send = async (message: object) =>
    (await call("POST", "/batches", { to: [number(1)], body: "Hi", ...message })).body.id;
  const scheduled = await send({ send_at: at(HOUR_MS) });
  const done = await send({});
  tick(5_000);
  const queued = await send({});
  tick(1);
  for (const id of [scheduled, queued, done]) await call("DELETE", `/batches/${id}`);
  tick(2 * HOUR_MS);
  const reported = async (id: string) => (await call("GET", `/batches/${id}/delivery_report`)).body;
  assertEquals((await reported(scheduled)).statuses, []);
  assertEquals((await reported(scheduled)).total_message_count, 0);
  assertEquals((await reported(queued)).statuses, [{ code: 407, status: "Cancelled", count: 1 }]);
  assertEquals((await reported(done)).statuses, [{ code: 0, status: "Delivered", count: 1 }]);
});

Deno.test("a report has the number of message parts if the batch limits it", async () => {
  const { call } = testSandbox();
  const { body: { id } } = await call("POST", "/batches", {
    to: [number(1)],
    body: "a".repeat(200),
    from: "Sinch",
    max_number_of_message_parts: 3,
  });
  const { body } = await call("GET", `/batches/${id}/delivery_report/${number(1)}`);
  assertEquals(body.number_of_message_parts, 2);
  assertEquals("applied_originator" in body, false);
});

Deno.test("the report of an MMS has its own type", async () => {
  const { call } = testSandbox();
  const { body: { id } } = await call("POST", "/batches", {
    type: "mt_media",
    to: [number(1)],
    body: { url: "https://example.com/cat.jpg" },
  });
  const path = `/batches/${id}/delivery_report`;
  assertEquals((await call("GET", path)).body.type, "delivery_report_mms");
  const { body } = await call("GET", `${path}/${number(1)}`);
  assertEquals(body.type, "recipient_delivery_report_mms");
});

Deno.test("the list has the final reports, filtered and in pages", async () => {
  const { call, tick, at } = testSandbox();
  await call("POST", "/batches", { to: [number(1), "12025550105"], body: "Hi" });
  tick(10_000);
  await call("POST", "/batches", { to: [number(2)], body: "Hi", client_reference: "ref" });
  const list = async (query = "") => {
    const { body } = await call("GET", `/delivery_reports?${query}`);
    const recipients = body.delivery_reports.map((one: { recipient: string }) => one.recipient);
    assertEquals(body.page_size, recipients.length);
    return [body.count, ...recipients];
  };
  assertEquals(await list(), [2, number(1), "12025550105"]);
  tick(10_000);
  assertEquals(await list(), [3, number(2), number(1), "12025550105"]);
  assertEquals(await list("page_size=1&page=1"), [3, number(1)]);
  assertEquals(await list("status=Failed"), [1, "12025550105"]);
  assertEquals(await list("code=0"), [2, number(2), number(1)]);
  assertEquals(await list("client_reference=ref"), [1, number(2)]);
  assertEquals(await list(`start_date=${at(-9_000)}`), [1, number(2)]);
  assertEquals(await list(`end_date=${at(-9_000)}`), [2, number(1), "12025550105"]);
  tick(25 * HOUR_MS);
  assertEquals(await list(), [0]);
});

Deno.test("a missing report is 404 without a body", async () => {
  const { call } = testSandbox();
  const { body: { id } } = await call("POST", "/batches", { to: [number(1)], body: "Hi" });
  for (
    const path of [
      "/batches/UNKNOWN/delivery_report",
      `/batches/${id}/delivery_report?type=other`,
      `/batches/${id}/delivery_report/${number(2)}`,
      `/batches/UNKNOWN/delivery_report/${number(1)}`,
    ]
  ) {
    const { status, body, headers } = await call("GET", path);
    assertEquals([status, body, headers.get("content-length")], [404, "", "0"], path);
  }
});
