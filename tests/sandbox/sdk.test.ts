import { assert, assertEquals } from "@std/assert";
import { SmsService } from "@sinch/sdk-core";
import { createSandbox, type SandboxOptions } from "../../sandbox/app.ts";
import { serveSandbox } from "../../sandbox/serve.ts";
import { number } from "./kit.ts";

/** Runs `use` with the official SDK, unmodified, against the sandbox. */
async function withSdk(
  options: Partial<SandboxOptions>,
  run: (sms: SmsService) => Promise<void>,
): Promise<void> {
  const servicePlans = { plan: "token" };
  const served = await serveSandbox(createSandbox({ servicePlans, ...options }));
  try {
    const credentials = { servicePlanId: "plan", apiToken: "token" };
    await run(new SmsService({ ...credentials, smsHostname: served.url }));
  } finally {
    await served.close();
  }
}

async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

Deno.test("the official SDK sends, lists, changes and cancels batches", () =>
  withSdk({}, async (sms) => {
    const text = await sms.batches.sendTextMessage({
      sendSMSRequestBody: {
        to: [`+${number(1)}`],
        from: "+12025550199",
        body: "Hello",
        send_at: new Date(Date.now() + 3_600_000),
        feedback_enabled: true,
      },
    });
    const id = text.id ?? "";
    assertEquals([text.to, text.canceled], [[number(1)], false]);
    assert(text.created_at instanceof Date && text.send_at instanceof Date);
    const binary = await sms.batches.sendBinaryMessage({
      sendSMSRequestBody: { to: [number(2)], body: "AQID", udh: "060504" },
    });
    const media = await sms.batches.sendMediaMessage({
      sendSMSRequestBody: { to: [number(3)], body: { url: "https://example.com/cat.jpg" } },
    });
    assertEquals([binary.type, media.type], ["mt_binary", "mt_media"]);
    assertEquals(await sms.batches.get({ batch_id: id }), text);
    const listed = await all(sms.batches.list({ page_size: 2 }));
    assertEquals(listed.map((batch) => batch.id), [media.id, binary.id, text.id]);
    const updated = await sms.batches.update({
      batch_id: id,
      updateBatchMessageRequestBody: { to_add: [number(4)], body: "Changed" },
    });
    assertEquals([updated.to, updated.body], [[number(1), number(4)], "Changed"]);
    const replaced = await sms.batches.replace({
      batch_id: id,
      replaceBatchMessageRequestBody: {
        to: [number(5)],
        body: "Replaced",
        feedback_enabled: true,
      },
    });
    assertEquals([replaced.id, replaced.to], [id, [number(5)]]);
    const deliveryFeedbackRequestBody = { recipients: [number(5)] };
    await sms.batches.sendDeliveryFeedback({ batch_id: id, deliveryFeedbackRequestBody });
    assertEquals((await sms.batches.cancel({ batch_id: id })).canceled, true);
  }));

Deno.test("the official SDK reads a dry run", () =>
  withSdk({}, async (sms) => {
    const answer = await sms.batches.dryRun({
      per_recipient: true,
      number_of_recipients: 10,
      dryRunRequestBody: { to: [number(1)], body: "д".repeat(71), type: "mt_text" },
    });
    assertEquals([answer.number_of_recipients, answer.number_of_messages], [1, 2]);
    assertEquals(answer.per_recipient?.[0]?.encoding, "unicode");
  }));

Deno.test("the official SDK reads delivery reports", () =>
  withSdk({ dispatchAfterMs: 0, deliverAfterMs: 0 }, async (sms) => {
    const sent = await sms.batches.send({
      sendSMSRequestBody: { to: [number(1), number(2)], body: "Hello", client_reference: "ref" },
    });
    const batch_id = sent.id ?? "";
    const summary = await sms.deliveryReports.get({ batch_id });
    assertEquals(summary.statuses, [{ code: 0, status: "Delivered", count: 2 }]);
    const full = await sms.deliveryReports.get({ batch_id, type: "full", status: ["Delivered"] });
    assertEquals(full.statuses[0]?.recipients, [number(1), number(2)]);
    const one = await sms.deliveryReports.getForNumber({ batch_id, phone_number: number(1) });
    assertEquals([one.status, one.recipient], ["Delivered", number(1)]);
    assert(one.at instanceof Date && one.operator_status_at instanceof Date);
    const list = await all(sms.deliveryReports.list({ client_reference: "ref", page_size: 1 }));
    assertEquals(list.map(({ recipient }) => recipient), [number(1), number(2)]);
  }));

Deno.test("the official SDK creates, reads, changes and deletes groups", () =>
  withSdk({}, async (sms) => {
    const created = await sms.groups.create({
      createGroupRequestBody: {
        name: "Customers",
        members: [`+${number(1)}`],
        auto_update: { to: "12025550199", add: { first_word: "JOIN" } },
      },
    });
    const group_id = created.id ?? "";
    assertEquals([created.name, created.size], ["Customers", 1]);
    assert(created.created_at instanceof Date);
    assertEquals(await sms.groups.get({ group_id }), created);
    const updated = await sms.groups.update({
      group_id,
      updateGroupRequestBody: { add: [number(2)], remove: [number(1)], name: null },
    });
    assertEquals([updated.name, updated.size], [undefined, 1]);
    assertEquals(await sms.groups.listMembers({ group_id }), [number(2)]);
    const replaced = await sms.groups.replace({
      group_id,
      replaceGroupRequestBody: { name: "Others", members: [number(3), number(4)] },
    });
    assertEquals([replaced.name, replaced.size], ["Others", 2]);
    assertEquals((await all(sms.groups.list())).map(({ id }) => id), [group_id]);
    await sms.groups.delete({ group_id });
    assertEquals(await all(sms.groups.list()), []);
  }));

Deno.test("the official SDK reads inbound messages", () =>
  withSdk({}, async (sms) => {
    const inbounds = await all(sms.inbounds.list({ page_size: 3 }));
    assertEquals(inbounds.length, 4);
    assert(inbounds[0]?.received_at instanceof Date);
    const inbound_id = inbounds[0]?.id ?? "";
    assertEquals(await sms.inbounds.get({ inbound_id }), inbounds[0]);
    assertEquals((await all(sms.inbounds.list({ to: ["54321", "99999"] }))).length, 2);
  }));

Deno.test("the official SDK reports the code of a refusal and the status of a 404", () =>
  withSdk({}, async (sms) => {
    const failure = async (run: () => Promise<unknown>) => {
      try {
        await run();
        return "no failure";
      } catch (error) {
        return JSON.stringify(error) + String(error);
      }
    };
    const refused = await failure(() =>
      sms.batches.send({ sendSMSRequestBody: { to: ["unknown_group"], body: "Hello" } })
    );
    assert(refused.includes("403") && refused.includes("unknown_group"), refused);
    const missing = await failure(() => sms.groups.get({ group_id: "UNKNOWN" }));
    assert(missing.includes("404"), missing);
  }));
