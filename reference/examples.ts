import type { OperationId } from "./operations.ts";

const BATCH = {
  id: "01FC66621VHDBN119Z8PMV1QPQ",
  type: "mt_text",
  to: ["46701234567"],
  from: "12345",
  body: "Hello! How are you?",
  canceled: false,
  created_at: "2026-03-01T12:00:00.000Z",
  modified_at: "2026-03-01T12:00:00.000Z",
  delivery_report: "none",
  expire_at: "2026-03-04T12:00:00.000Z",
  flash_message: false,
};

const GROUP = {
  id: "01FC66621VHDBN119Z8PMV1QPU",
  name: "My new customers",
  size: 2,
  created_at: "2026-03-01T12:00:00.000Z",
  modified_at: "2026-03-01T12:00:00.000Z",
  child_groups: [],
};

const INBOUND = {
  type: "mo_text",
  id: "01FC66621VHDBN119Z8PMV1QPI",
  from: "46701234567",
  to: "54321",
  body: "Yes, see you at ten.",
  received_at: "2026-03-01T12:05:00.000Z",
};

const RECIPIENT_REPORT = {
  type: "recipient_delivery_report_sms",
  batch_id: BATCH.id,
  recipient: "46701234567",
  code: 0,
  status: "Delivered",
  at: "2026-03-01T12:00:03.000Z",
  operator_status_at: "2026-03-01T12:00:03.000Z",
};

const PAGE = { count: 1, page: 0, page_size: 1 };

const SEND = { from: "12345", to: ["+46701234567"], body: "Hello! How are you?" };

/** A request and the answer to it, for each operation; a test checks them by their schemas. */
export const EXAMPLES: Readonly<
  Partial<Record<OperationId, { request?: unknown; answer?: unknown }>>
> = {
  sendBatch: { request: SEND, answer: BATCH },
  listBatches: { answer: { ...PAGE, batches: [BATCH] } },
  dryRun: {
    request: SEND,
    answer: {
      number_of_recipients: 1,
      number_of_messages: 1,
      per_recipient: [{
        recipient: "46701234567",
        number_of_parts: 1,
        body: SEND.body,
        encoding: "text",
      }],
    },
  },
  getBatch: { answer: BATCH },
  updateBatch: {
    request: { to_add: ["+46701234568"], body: "Hello, both of you!" },
    answer: { ...BATCH, to: ["46701234567", "46701234568"], body: "Hello, both of you!" },
  },
  replaceBatch: {
    request: { ...SEND, body: "Hello again!" },
    answer: { ...BATCH, body: "Hello again!" },
  },
  cancelBatch: { answer: { ...BATCH, canceled: true } },
  sendDeliveryFeedback: { request: { recipients: ["+46701234567"] } },
  getDeliveryReport: {
    answer: {
      type: "delivery_report_sms",
      batch_id: BATCH.id,
      total_message_count: 1,
      statuses: [{ code: 0, status: "Delivered", count: 1 }],
    },
  },
  getRecipientDeliveryReport: { answer: RECIPIENT_REPORT },
  listDeliveryReports: { answer: { ...PAGE, delivery_reports: [RECIPIENT_REPORT] } },
  listInbounds: { answer: { ...PAGE, inbounds: [INBOUND] } },
  getInbound: { answer: INBOUND },
  createGroup: {
    request: { name: GROUP.name, members: ["+46701234567", "+46701234568"] },
    answer: GROUP,
  },
  listGroups: { answer: { ...PAGE, groups: [GROUP] } },
  getGroup: { answer: GROUP },
  updateGroup: { request: { add: ["+46701234569"] }, answer: { ...GROUP, size: 3 } },
  replaceGroup: {
    request: { name: GROUP.name, members: ["+46701234567"] },
    answer: { ...GROUP, size: 1 },
  },
  listGroupMembers: { answer: ["46701234567", "46701234568"] },
};
