import type { Member } from "./member.ts";

const BASE64 = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$";

/** `Component.member` → its meaning, for members whose name has several meanings. */
export const COMPONENT_MEMBERS: Readonly<Record<string, Member>> = {
  "AutoUpdate.to": {
    description: "Phone number or short code that subscribers write to.",
    format: "number-or-short-code",
    examples: ["54321"],
  },
  "AutoUpdate.add": { description: "Keyword to join." },
  "AutoUpdate.remove": { description: "Keyword to leave." },
  "DryRunResponse.per_recipient.body": {
    description: "The message as this recipient receives it.",
  },
  "SendTextRequest.parameters": parameters(),
  "SendMediaRequest.parameters": parameters(),
  "UpdateTextRequest.parameters": parameters(),
  "UpdateMediaRequest.parameters": parameters(),
  "SendBinaryRequest.body": { description: "The bytes, in Base64.", pattern: BASE64 },
  "UpdateBinaryRequest.body": { description: "The bytes, in Base64.", pattern: BASE64 },
  "BinaryBatch.body": { description: "The bytes, in Base64." },
  "SendMediaRequest.body": { description: "The media message." },
  "UpdateMediaRequest.body": { description: "The media message." },
  "MediaBatch.body": { description: "The media message." },
  "InboundText.to": { description: "Phone number or short code that the message was sent to." },
  "InboundBinary.to": { description: "Phone number or short code that the message was sent to." },
  "InboundMedia.to": { description: "Phone number or short code that the message was sent to." },
  "InboundText.from": { description: "Phone number that the message came from." },
  "InboundBinary.from": { description: "Phone number that the message came from." },
  "InboundMedia.from": { description: "Phone number that the message came from." },
  "InboundText.body": { description: "The message." },
  "InboundBinary.body": { description: "The bytes, in Base64." },
  "InboundMedia.body": { description: "The media message." },
  "UsageResponse.policy": {
    description: "Name of the policy that applies to you; null if there is none.",
    examples: ["shop"],
  },
  "UsageResponse.mode": {
    description:
      "`live`: the policy is enforced; `test`: nothing is really sent; `warn`: the policy is only reported.",
  },
  "UsageResponse.countries": {
    description: "Countries that recipients may belong to (ISO 3166-1); absent: all.",
  },
  "UsageResponse.groups": { description: "Whether recipients may be groups." },
  "UsageResponse.unit": { description: "What is counted: recipients × parts." },
  "UsageResponse.budgets": { description: "The budgets of the policy; empty if it has none." },
  "UsageResponse.budgets.window": { description: "Calendar window in UTC." },
  "UsageResponse.budgets.limit": { description: "What may be used in the window." },
  "UsageResponse.budgets.used": {
    description: "What is used, by all callers of the policy; more than the limit in mode `warn`.",
  },
  "UsageResponse.budgets.left": { description: "What is left." },
  "UsageResponse.budgets.resets_at": { description: "When the next window begins." },
  "UsageResponse.counted_by": {
    description:
      "`store`: for all instances of the gateway; `instance`: by this one alone, while the store does not answer.",
  },
  "ErrorResponse.code": {
    description:
      "The error, for programs; see [errors](/docs/errors). Codes will be added: handle unknown ones.",
    minLength: 1,
    examples: ["unknown_group"],
  },
  "ErrorResponse.text": {
    description: "What went wrong and what to do, for people.",
    minLength: 1,
    examples: ["Check that the group ID in the request body belongs to an existing group."],
  },

  "ListBatchesQuery.page_size": { description: "Entries per page." },
  "ListBatchesQuery.from": { description: "Only batches from these senders, comma-separated." },
  "ListBatchesQuery.to": { description: "Only batches to these recipients, comma-separated." },
  "ListInboundsQuery.page_size": { description: "Entries per page." },
  "ListInboundsQuery.to": { description: "Only messages to these numbers, comma-separated." },
  "ListGroupsQuery.page_size": { description: "Entries per page." },
  "ListDeliveryReportsQuery.page_size": { description: "Entries per page." },
  "ListDeliveryReportsQuery.status": { description: "Only these statuses, comma-separated." },
  "ListDeliveryReportsQuery.code": {
    description: "Only these delivery status codes, comma-separated.",
  },
  "DeliveryReportQuery.type": {
    description: "`summary` has counts, `full` also the recipients; any other value is 404.",
    examples: ["summary"],
  },
  "DeliveryReportQuery.status": { description: "Only these statuses, comma-separated." },
  "DeliveryReportQuery.code": {
    description: "Only these delivery status codes, comma-separated.",
  },
  "DryRunQuery.per_recipient": { description: "Whether the response lists the recipients." },
  "DryRunQuery.number_of_recipients": { description: "Largest number of recipients in the list." },
};

function parameters(): Member {
  return {
    description: "Parameter name → phone number, or `default`, → value.",
    examples: [{ name: { "46701234567": "Joe", default: "there" } }],
  };
}
