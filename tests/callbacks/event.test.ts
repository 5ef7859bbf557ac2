import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { readCallback } from "../../callbacks/event.ts";
import { recipientReport } from "./kit.ts";

const encoder = new TextEncoder();
const read = (callback: unknown) => {
  const event = readCallback(encoder.encode(JSON.stringify(callback)));
  assert(event);
  return event;
};

Deno.test("a report on a recipient has its batch, status, code and time", () => {
  const event = read(
    recipientReport("01", { code: 402, status: "Aborted", at: "2026-01-01T00:00Z" }),
  );
  const { identity: _, ...known } = event;
  assertEquals(known, {
    type: "recipient_delivery_report_sms",
    batchId: "01",
    statuses: [{ status: "Aborted", code: 402, count: 1 }],
    isOfRecipient: true,
    atMs: Date.UTC(2026, 0, 1),
    inbound: undefined,
  });
});

Deno.test("a report on a batch has all its statuses with their counts", () => {
  const { statuses, isOfRecipient } = read({
    type: "delivery_report_sms",
    batch_id: "01",
    total_message_count: 3,
    statuses: [
      { code: 0, status: "Delivered", count: 2, recipients: ["1", "2"] },
      { code: 99_999, status: "Lost", count: 1 },
      "no object",
    ],
  });
  assertEquals([statuses, isOfRecipient], [[
    { status: "Delivered", code: 0, count: 2 },
    { status: "_OTHER", code: undefined, count: 1 },
  ], false]);
});

Deno.test("members of other kinds than documented are not taken over", () => {
  const odd = { type: 1, batch_id: "../01", status: { a: 1 }, code: "0", at: 7 };
  const { identity: _, ...known } = read(odd);
  assertEquals(known, {
    type: "_OTHER",
    batchId: undefined,
    statuses: [{ status: "_OTHER", code: undefined, count: 1 }],
    isOfRecipient: false,
    atMs: undefined,
    inbound: undefined,
  });
});

Deno.test("reports are the same if batch, recipient, status and code are", () => {
  const report = recipientReport("01");
  const { identity } = read(report);
  assertEquals(read({ ...report, at: "2020-01-01T00:00:00Z", more: 1 }).identity, identity);
  assertEquals(read({ ...report, recipient: `+${report.recipient}` }).identity, identity);
  const others = [
    { batch_id: "02" },
    { recipient: "46700000000" },
    { status: "Failed" },
    { code: 1 },
    { type: "recipient_delivery_report_mms" },
  ];
  for (const change of others) {
    assertNotEquals(read({ ...report, ...change }).identity, identity, JSON.stringify(change));
  }
});

Deno.test("what has no identity of its own is the same only byte for byte", () => {
  const batch = { type: "delivery_report_sms", batch_id: "01", statuses: [] };
  assertEquals(read(batch).identity, read(batch).identity);
  assertNotEquals(read(batch).identity, read({ ...batch, statuses: [1] }).identity);
  const inbound = { type: "mo_text", id: "01" };
  const incomplete = [
    ...["402", "", null, -1, 1.5, 1e300, [1]].map((code) => recipientReport("01", { code })),
    ...["", "+", undefined, 7].map((recipient) => recipientReport("01", { recipient })),
    recipientReport(""),
    recipientReport("01", { status: "" }),
    { ...inbound, id: "" },
    { ...inbound, id: 7 },
  ];
  for (const callback of incomplete) {
    const text = JSON.stringify(callback);
    assertNotEquals(read(callback).identity, read({ ...callback, more: 1 }).identity, text);
  }
});

Deno.test("an inbound message is found by digits and by its first word", () => {
  const message = { type: "mo_text", id: "01", to: "+46 70", body: "\n stop  it" };
  assertEquals(read(message).inbound, { to: "4670", keyword: "STOP" });
  assertEquals(read({ ...message, type: "mo_binary" }).inbound, { to: "4670", keyword: undefined });
  assertEquals(read({ ...message, body: 7 }).inbound?.keyword, undefined);
  assertEquals(read({ ...message, type: "mo_text_new" }).inbound?.to, "4670");
});

Deno.test("what is not a JSON object in UTF-8 is no callback", () => {
  for (const text of ["", "[1]", "null", "7", "{", "\ufeff{}"]) {
    assertEquals(readCallback(encoder.encode(text)), undefined, text);
  }
  assertEquals(readCallback(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), undefined);
});
