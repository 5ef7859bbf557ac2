import { assertEquals } from "@std/assert";
import * as v from "valibot";
import * as schemas from "../../schemas/mod.ts";
import { number, testSandbox } from "./kit.ts";

Deno.test("every answer matches its schema and has no further members", async () => {
  const { call, tick } = testSandbox();
  const child = await call("POST", "/groups", { members: [number(1)] });
  const group = await call("POST", "/groups", {
    name: "Customers",
    child_groups: [child.body.id],
    auto_update: { to: "54321", add: { first_word: "JOIN" } },
  });
  const text = await call("POST", "/batches", {
    to: [group.body.id, number(2)],
    body: "Hi",
    client_reference: "ref",
    max_number_of_message_parts: 1,
    send_at: "2026-03-01T13:00+01:00",
  });
  const binary = await call("POST", "/batches", {
    type: "mt_binary",
    to: [number(1)],
    body: "AQ==",
    udh: "00",
  });
  const media = await call("POST", "/batches", {
    type: "mt_media",
    to: [number(1)],
    body: { url: "https://example.com/cat.jpg", subject: "Cat" },
  });
  tick(10_000);
  const batch = `/batches/${text.body.id}`;
  const dryRun = { to: [number(1)], body: "Hi" };
  const get = async (path: string) => (await call("GET", path)).body;
  const rows: [what: string, schema: v.GenericSchema, body: unknown][] = [
    ["text", schemas.TextBatch, text.body],
    ["binary", schemas.BinaryBatch, binary.body],
    ["media", schemas.MediaBatch, media.body],
    ["batches", schemas.BatchListResponse, await get("/batches")],
    ["group", schemas.GroupResponse, group.body],
    ["groups", schemas.GroupListResponse, await get("/groups")],
    ["members", schemas.GroupMembersResponse, await get(`/groups/${group.body.id}/members`)],
    ["report", schemas.DeliveryReportResponse, await get(`${batch}/delivery_report?type=full`)],
    [
      "recipient",
      schemas.RecipientDeliveryReportResponse,
      await get(`${batch}/delivery_report/${number(2)}`),
    ],
    ["reports", schemas.DeliveryReportListResponse, await get("/delivery_reports")],
    ["inbounds", schemas.InboundListResponse, await get("/inbounds")],
    [
      "dry run",
      schemas.DryRunResponse,
      (await call("POST", "/batches/dry_run?per_recipient=true", dryRun)).body,
    ],
    ["refusal", schemas.ErrorResponse, (await call("POST", "/batches", {})).body],
  ];
  // Parsing drops unknown members, so the output equals the input only if there are none.
  for (const [what, schema, body] of rows) assertEquals(v.parse(schema, body), body, what);
});
