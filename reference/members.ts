/** What is said of a member of a request or an answer beside what its schema says. */
export interface Member {
  readonly description: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly examples?: readonly unknown[];
  readonly minLength?: number;
  /** Said of the entries of a list. */
  readonly items?: { readonly description?: string; readonly format?: string };
}

/** A phone number: 7 to 15 digits with country code; `+`, `00`, blanks, dashes, brackets may be. */
const MSISDN = "msisdn";

const BASE64 = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$";

const time = (description: string): Member => ({
  description,
  format: "timestamp",
  examples: ["2026-03-01T12:00:00Z"],
});

/** Member name, or `Component.member` where the name alone does not tell, to its meaning. */
export const MEMBERS: Readonly<Record<string, Member>> = {
  id: { description: "Identifier." },
  code: { description: "Delivery status code.", examples: [0] },
  type: { description: "Kind of message." },
  to: {
    description: "Recipients: phone numbers with country code, and group identifiers.",
    items: { format: "msisdn-or-group-id" },
  },
  to_add: {
    description: "Recipients to add.",
    items: { format: "msisdn-or-group-id" },
  },
  to_remove: {
    description: "Recipients to take out.",
    items: { format: "msisdn-or-group-id" },
  },
  from: {
    description:
      "Sender: a phone number, a short code, or up to 11 characters of which one is a letter. The service plan's own where it is left out.",
    format: "sender",
    examples: ["12345"],
  },
  body: { description: "The message; `${name}` stands for the value of a parameter." },
  udh: { description: "User data header, in hexadecimal.", examples: ["0605040B8423F0"] },
  delivery_report: {
    description:
      "Which delivery report callback is wanted; all but `none` need a callback URL, here or at the service plan.",
  },
  send_at: time("When to send it; at once where it is left out or in the past."),
  expire_at: time(
    "When to give up; after `send_at`, at most three days later, and not in the past.",
  ),
  callback_url: {
    description: "Where delivery reports are called back.",
    examples: ["https://service.example/delivery"],
  },
  client_reference: {
    description: "A reference of your own, for example to find the batch again.",
    examples: ["order-17"],
  },
  feedback_enabled: { description: "Whether delivery feedback will be sent." },
  campaign_id: { description: "Campaign that the sender is registered for." },
  from_ton: { description: "Type of number of the sender." },
  from_npi: { description: "Numbering plan of the sender." },
  parameters: { description: "Parameter name → phone number, or `default`, → value." },
  flash_message: { description: "Whether it is shown at once and not stored." },
  truncate_concat: { description: "Whether it is cut to one part." },
  max_number_of_message_parts: { description: "It is not sent where it would need more parts." },
  strict_validation: { description: "Whether the media is checked strictly." },
  canceled: { description: "Whether the batch was canceled." },
  created_at: { description: "When it was created." },
  modified_at: { description: "When it was changed last." },
  url: { description: "Where the media file is.", examples: ["https://media.example/cat.jpg"] },
  message: { description: "The text that goes with it." },
  subject: { description: "Its subject." },
  media: { description: "The files that came with it." },
  content_type: { description: "Media type of the file." },
  recipients: { description: "Phone numbers.", items: { format: MSISDN } },
  number_of_recipients: { description: "To how many the batch would go." },
  number_of_messages: { description: "How many message parts that would be." },
  per_recipient: { description: "What each recipient would get." },
  number_of_parts: { description: "Message parts for this recipient." },
  encoding: { description: "`unicode` where the text needs it." },
  recipient: { description: "Phone number of the recipient." },
  batch_id: { description: "The batch." },
  total_message_count: { description: "Messages of the batch." },
  statuses: { description: "How many messages have which status." },
  status: { description: "Delivery status." },
  count: { description: "How many there are in all." },
  at: { description: "When it came to this." },
  operator_status_at: { description: "When the operator said so." },
  applied_originator: { description: "The sender that was used where none was given." },
  number_of_message_parts: { description: "Message parts that were sent." },
  page: { description: "Page, from 0." },
  page_size: { description: "Entries in this answer." },
  batches: { description: "The batches." },
  groups: { description: "The groups." },
  inbounds: { description: "The inbound messages." },
  delivery_reports: { description: "The delivery reports." },
  received_at: { description: "When it was received." },
  sent_at: { description: "When it was sent." },
  operator_id: { description: "Mobile operator, as MCC and MNC." },
  name: { description: "Name of the group; no two groups share one.", examples: ["Customers"] },
  size: { description: "How many members there are, those of child groups included." },
  members: { description: "Phone numbers of the members.", items: { format: MSISDN } },
  child_groups: { description: "Groups whose members belong to this group too." },
  auto_update: { description: "Keywords by which subscribers join and leave." },
  add: { description: "Phone numbers to add.", items: { format: MSISDN } },
  remove: { description: "Phone numbers to take out.", items: { format: MSISDN } },
  add_from_group: { description: "Group whose members are added." },
  remove_from_group: { description: "Group whose members are taken out." },
  first_word: { description: "First word of the message." },
  second_word: { description: "Second word of the message, if one is required." },

  "AutoUpdate.to": {
    description: "Phone number or short code that subscribers write to.",
    format: "number-or-short-code",
    examples: ["54321"],
  },
  "AutoUpdate.add": { description: "Keyword to join." },
  "AutoUpdate.remove": { description: "Keyword to leave." },
  "DryRunResponse.per_recipient.body": { description: "The message as this recipient reads it." },
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
  "InboundText.to": { description: "Phone number or short code it was sent to." },
  "InboundBinary.to": { description: "Phone number or short code it was sent to." },
  "InboundMedia.to": { description: "Phone number or short code it was sent to." },
  "InboundText.from": { description: "Phone number it came from." },
  "InboundBinary.from": { description: "Phone number it came from." },
  "InboundMedia.from": { description: "Phone number it came from." },
  "InboundText.body": { description: "The message." },
  "InboundBinary.body": { description: "The bytes, in Base64." },
  "InboundMedia.body": { description: "The media message." },
  "ErrorResponse.code": {
    description:
      "Says by program what went wrong; see [errors](/docs/errors). Codes will be added: be ready for one you do not know.",
    minLength: 1,
    examples: ["unknown_group"],
  },
  "ErrorResponse.text": {
    description: "Says to a person what went wrong and what to do.",
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
    description: "`summary` counts, `full` names the recipients too; anything else is 404.",
    examples: ["summary"],
  },
  "DeliveryReportQuery.status": { description: "Only these statuses, comma-separated." },
  "DeliveryReportQuery.code": {
    description: "Only these delivery status codes, comma-separated.",
  },
  "DryRunQuery.per_recipient": { description: "Whether the answer lists the recipients." },
  "DryRunQuery.number_of_recipients": { description: "How many it lists at most." },
  start_date: time("From this moment on; a day ago where it is left out."),
  end_date: time("Until before this moment."),
};

/** What a component is called where a reader chooses between several. */
export const TITLES: Readonly<Record<string, string>> = {
  SendTextRequest: "Text message",
  SendBinaryRequest: "Binary message",
  SendMediaRequest: "Media message",
  UpdateTextRequest: "Change of a text message",
  UpdateBinaryRequest: "Change of a binary message",
  UpdateMediaRequest: "Change of a media message",
  TextBatch: "Batch of a text message",
  BinaryBatch: "Batch of a binary message",
  MediaBatch: "Batch of a media message",
  InboundText: "Inbound text message",
  InboundBinary: "Inbound binary message",
  InboundMedia: "Inbound media message",
};

function parameters(): Member {
  return {
    description: "Parameter name → phone number, or `default`, → value.",
    examples: [{ name: { "46701234567": "Joe", default: "there" } }],
  };
}
