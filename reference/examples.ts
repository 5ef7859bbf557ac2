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

/** A request and its response for each operation; a test checks them against their schemas. */
export const EXAMPLES: Readonly<
  Partial<Record<OperationId, { request?: unknown; response?: unknown }>>
> = {
  sendBatch: { request: SEND, response: BATCH },
  listBatches: { response: { ...PAGE, batches: [BATCH] } },
  dryRun: {
    request: SEND,
    response: {
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
  getBatch: { response: BATCH },
  updateBatch: {
    request: { to_add: ["+46701234568"], body: "Hello, both of you!" },
    response: { ...BATCH, to: ["46701234567", "46701234568"], body: "Hello, both of you!" },
  },
  replaceBatch: {
    request: { ...SEND, body: "Hello again!" },
    response: { ...BATCH, body: "Hello again!" },
  },
  cancelBatch: { response: { ...BATCH, canceled: true } },
  sendDeliveryFeedback: { request: { recipients: ["+46701234567"] } },
  getDeliveryReport: {
    response: {
      type: "delivery_report_sms",
      batch_id: BATCH.id,
      total_message_count: 1,
      statuses: [{ code: 0, status: "Delivered", count: 1 }],
    },
  },
  getRecipientDeliveryReport: { response: RECIPIENT_REPORT },
  listDeliveryReports: { response: { ...PAGE, delivery_reports: [RECIPIENT_REPORT] } },
  listInbounds: { response: { ...PAGE, inbounds: [INBOUND] } },
  getInbound: { response: INBOUND },
  createGroup: {
    request: { name: GROUP.name, members: ["+46701234567", "+46701234568"] },
    response: GROUP,
  },
  listGroups: { response: { ...PAGE, groups: [GROUP] } },
  getGroup: { response: GROUP },
  updateGroup: { request: { add: ["+46701234569"] }, response: { ...GROUP, size: 3 } },
  replaceGroup: {
    request: { name: GROUP.name, members: ["+46701234567"] },
    response: { ...GROUP, size: 1 },
  },
  listGroupMembers: { response: ["46701234567", "46701234568"] },
};
