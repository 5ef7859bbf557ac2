import { COMPONENT_MEMBERS } from "./component_members.ts";
import type { Member } from "./member.ts";

/** A phone number with country code, 7 to 15 digits; `+`, `00`, spaces, dashes, brackets allowed. */
const MSISDN = "msisdn";

const timestamp = (description: string): Member => ({
  description,
  format: "timestamp",
  examples: ["2026-03-01T12:00:00Z"],
});

/** Member name → its meaning; `Component.member` where the name has several meanings. */
export const MEMBERS: Readonly<Record<string, Member>> = {
  ...COMPONENT_MEMBERS,
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
    description: "Recipients to remove.",
    items: { format: "msisdn-or-group-id" },
  },
  from: {
    description:
      "Sender: a phone number, a short code, or up to 11 characters with at least one letter. Default: the sender of the service plan.",
    format: "sender",
    examples: ["12345"],
  },
  body: { description: "The message; `${name}` is replaced by the value of that parameter." },
  udh: { description: "User data header, in hexadecimal.", examples: ["0605040B8423F0"] },
  delivery_report: {
    description:
      "Kind of delivery report callback; all but `none` need a callback URL, here or in the service plan.",
  },
  send_at: timestamp("When to send it; at once if it is absent or in the past."),
  expire_at: timestamp(
    "When delivery attempts end; after `send_at`, at most three days later, and not in the past.",
  ),
  callback_url: {
    description: "URL that delivery reports are sent to.",
    examples: ["https://service.example/delivery"],
  },
  client_reference: {
    description: "A reference of your own, for example to find the batch again.",
    examples: ["order-17"],
  },
  feedback_enabled: { description: "Whether you will send delivery feedback." },
  campaign_id: { description: "Campaign that the sender is registered for." },
  from_ton: { description: "Type of number of the sender." },
  from_npi: { description: "Numbering plan of the sender." },
  parameters: { description: "Parameter name → phone number, or `default`, → value." },
  flash_message: {
    description: "Whether the message is shown at once and not stored (flash SMS).",
  },
  truncate_concat: { description: "Whether the message is truncated to one part." },
  max_number_of_message_parts: {
    description: "Largest number of parts; a message that needs more is not sent.",
  },
  strict_validation: { description: "Whether the media is checked strictly." },
  canceled: { description: "Whether the batch was canceled." },
  created_at: { description: "When the resource was created." },
  modified_at: { description: "When the resource was last changed." },
  url: { description: "URL of the media file.", examples: ["https://media.example/cat.jpg"] },
  message: { description: "The text sent with the media." },
  subject: { description: "Subject of the message." },
  media: { description: "The media files of the message." },
  content_type: { description: "Media type of the file." },
  recipients: { description: "Phone numbers.", items: { format: MSISDN } },
  number_of_recipients: { description: "Recipients that the batch would have." },
  number_of_messages: { description: "Message parts that would be sent, in all." },
  per_recipient: { description: "The message of each recipient." },
  number_of_parts: { description: "Message parts for this recipient." },
  encoding: { description: "`unicode` if the text has characters outside GSM 7-bit, else `text`." },
  recipient: { description: "Phone number of the recipient." },
  batch_id: { description: "Identifier of the batch." },
  total_message_count: { description: "Number of messages of the batch." },
  statuses: { description: "Number of messages by delivery status." },
  status: { description: "Delivery status." },
  count: { description: "Number of all matching entries." },
  at: { description: "When the message reached this status." },
  operator_status_at: { description: "When the operator reported this status." },
  applied_originator: { description: "The sender of a batch without `from`." },
  number_of_message_parts: { description: "Message parts that were sent." },
  page: { description: "Number of the page, from 0." },
  page_size: { description: "Entries in this response." },
  batches: { description: "The batches." },
  groups: { description: "The groups." },
  inbounds: { description: "The inbound messages." },
  delivery_reports: { description: "The delivery reports." },
  received_at: { description: "When it was received." },
  sent_at: { description: "When it was sent." },
  operator_id: { description: "Mobile operator, as MCC and MNC." },
  name: { description: "Name of the group; it must be unique.", examples: ["Customers"] },
  size: { description: "Number of members, including those of child groups." },
  members: { description: "Phone numbers of the members.", items: { format: MSISDN } },
  child_groups: { description: "Groups whose members also belong to this group." },
  auto_update: { description: "Keywords by which subscribers join and leave." },
  add: { description: "Phone numbers to add.", items: { format: MSISDN } },
  remove: { description: "Phone numbers to remove.", items: { format: MSISDN } },
  add_from_group: { description: "Group whose members are added." },
  remove_from_group: { description: "Group whose members are removed." },
  first_word: { description: "First word of the message." },
  second_word: { description: "Second word of the message, if one is required." },
  start_date: timestamp("Start of the period, included. Default: a day ago."),
  end_date: timestamp("End of the period, excluded."),
};
