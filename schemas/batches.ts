/** Requests and responses of the batch operations. */

import * as v from "valibot";
import {
  CallbackUrl,
  ClientReference,
  DELIVERY_REPORT_TYPES,
  maxCharacters,
  Msisdn,
  Page,
  pageEntries,
  PageSize,
  Timestamp,
  UtcTimestamp,
} from "./common.ts";

const Target = v.pipe(v.string(), maxCharacters(64), v.description("Phone number or group ID"));

const Parameters = v.record(
  v.pipe(v.string(), v.regex(/^[A-Za-z0-9._-]{1,16}$/, "expected 1 to 16 of A-Z a-z 0-9 . _ -")),
  v.record(v.string(), v.pipe(v.string(), maxCharacters(160))),
);

const MediaBody = v.object({
  url: v.pipe(v.string(), maxCharacters(2048), v.url("expected a URL")),
  message: v.nullish(v.pipe(v.string(), maxCharacters(5000))),
  subject: v.nullish(v.pipe(v.string(), maxCharacters(80))),
});

const TextBody = v.pipe(v.string(), v.minLength(1), maxCharacters(2000));
const Base64Body = v.pipe(v.string(), v.base64("expected Base64"));
const Udh = v.pipe(v.string(), v.regex(/^(?:[0-9A-Fa-f]{2})*$/, "expected hexadecimal bytes"));

const common = {
  from: v.nullish(v.pipe(v.string(), maxCharacters(64))),
  delivery_report: v.nullish(v.picklist(DELIVERY_REPORT_TYPES)),
  send_at: v.nullish(Timestamp),
  expire_at: v.nullish(Timestamp),
  callback_url: v.nullish(CallbackUrl),
  client_reference: v.nullish(ClientReference),
  feedback_enabled: v.nullish(v.boolean()),
  campaign_id: v.nullish(v.pipe(v.string(), maxCharacters(64))),
} as const;

const originator = {
  from_ton: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(6))),
  from_npi: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(18))),
} as const;

const textOptions = {
  parameters: v.nullish(Parameters),
  flash_message: v.nullish(v.boolean()),
  truncate_concat: v.nullish(v.boolean()),
  max_number_of_message_parts: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(1))),
  ...originator,
} as const;

const mediaOptions = {
  parameters: v.nullish(Parameters),
  strict_validation: v.nullish(v.boolean()),
} as const;

const to = v.pipe(v.array(Target), v.minLength(1), v.maxLength(1000));

/** A text message to send; `mt_text` is the default `type`. */
export const SendTextRequest = v.object({
  type: v.optional(v.literal("mt_text"), "mt_text"),
  to,
  body: TextBody,
  ...common,
  ...textOptions,
});

/** A binary message to send. */
export const SendBinaryRequest = v.object({
  type: v.literal("mt_binary"),
  to,
  body: Base64Body,
  udh: Udh,
  ...common,
  ...originator,
});

/** A media message (MMS) to send. */
export const SendMediaRequest = v.object({
  type: v.literal("mt_media"),
  to,
  body: MediaBody,
  ...common,
  ...mediaOptions,
});

/** `POST /batches`, `POST /batches/dry_run`, `PUT /batches/{batch_id}`. */
export const SendBatchRequest = v.union([SendTextRequest, SendBinaryRequest, SendMediaRequest]);

const change = {
  to_add: v.nullish(v.pipe(v.array(Target), v.minLength(1), v.maxLength(100))),
  to_remove: v.nullish(v.pipe(v.array(Target), v.minLength(1), v.maxLength(100))),
  ...common,
} as const;

/** A change of a batch of a text message. */
export const UpdateTextRequest = v.object({
  type: v.optional(v.literal("mt_text")),
  body: v.optional(TextBody),
  ...change,
  ...textOptions,
});

/** A change of a batch of a binary message. */
export const UpdateBinaryRequest = v.object({
  type: v.optional(v.literal("mt_binary")),
  body: v.optional(Base64Body),
  udh: v.optional(Udh),
  ...change,
  ...originator,
});

/** A change of a batch of a media message. */
export const UpdateMediaRequest = v.object({
  type: v.optional(v.literal("mt_media")),
  body: v.optional(MediaBody),
  ...change,
  ...mediaOptions,
});

/** `POST /batches/{batch_id}`; the type of a batch cannot change. */
export const UpdateBatchRequest = v.union([
  UpdateTextRequest,
  UpdateBinaryRequest,
  UpdateMediaRequest,
]);

/** `POST /batches/{batch_id}/delivery_feedback`. */
export const DeliveryFeedbackRequest = v.object({
  recipients: v.pipe(v.array(Msisdn), v.maxLength(1000)),
});

const batchMembers = {
  id: v.string(),
  canceled: v.boolean(),
  created_at: UtcTimestamp,
  modified_at: UtcTimestamp,
  delivery_report: v.picklist(DELIVERY_REPORT_TYPES),
  send_at: v.optional(UtcTimestamp),
  expire_at: UtcTimestamp,
  feedback_enabled: v.optional(v.boolean()),
} as const;

/** A batch of a text message. */
export const TextBatch = v.object({ ...SendTextRequest.entries, ...batchMembers });
/** A batch of a binary message. */
export const BinaryBatch = v.object({ ...SendBinaryRequest.entries, ...batchMembers });
/** A batch of a media message. */
export const MediaBatch = v.object({ ...SendMediaRequest.entries, ...batchMembers });

/** Response of the operations on one batch. */
export const BatchResponse = v.union([TextBatch, BinaryBatch, MediaBatch]);

/** Query of `GET /batches`; `from` and `to` are comma-separated lists. */
export const ListBatchesQuery = v.object({
  page: Page,
  page_size: PageSize,
  from: v.optional(v.string()),
  to: v.optional(v.string()),
  start_date: v.optional(Timestamp),
  end_date: v.optional(Timestamp),
  client_reference: v.optional(v.string()),
});

/** Response of `GET /batches`. */
export const BatchListResponse = v.object({ ...pageEntries, batches: v.array(BatchResponse) });

/** Query of `POST /batches/dry_run`. */
export const DryRunQuery = v.object({
  per_recipient: v.optional(v.boolean(), false),
  number_of_recipients: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1000)),
    100,
  ),
});

/** Response of `POST /batches/dry_run`. */
export const DryRunResponse = v.object({
  number_of_recipients: v.number(),
  number_of_messages: v.number(),
  per_recipient: v.optional(v.array(v.object({
    recipient: v.string(),
    number_of_parts: v.number(),
    body: v.string(),
    encoding: v.picklist(["text", "unicode"]),
  }))),
});
