/** Queries and responses of the inbound operations. */

import * as v from "valibot";
import { Page, pageEntries, PageSize, Timestamp, UtcTimestamp } from "./common.ts";

const common = {
  id: v.string(),
  from: v.string(),
  to: v.string(),
  received_at: UtcTimestamp,
  sent_at: v.optional(UtcTimestamp),
  operator_id: v.optional(v.string()),
  client_reference: v.optional(v.string()),
} as const;

/** A received text message. */
export const InboundText = v.object({
  type: v.literal("mo_text"),
  body: v.string(),
  ...common,
});

/** A received binary message. */
export const InboundBinary = v.object({
  type: v.literal("mo_binary"),
  body: v.pipe(v.string(), v.base64()),
  udh: v.string(),
  ...common,
});

/** A received media message (MMS). */
export const InboundMedia = v.object({
  type: v.literal("mo_media"),
  body: v.object({
    subject: v.optional(v.string()),
    message: v.optional(v.string()),
    media: v.array(v.object({
      url: v.optional(v.string()),
      content_type: v.string(),
      status: v.picklist(["Uploaded", "Failed"]),
      code: v.number(),
    })),
  }),
  ...common,
});

/** Response of `GET /inbounds/{inbound_id}`. */
export const InboundResponse = v.variant("type", [InboundText, InboundBinary, InboundMedia]);

/** Query of `GET /inbounds`; `to` is a comma-separated list. */
export const ListInboundsQuery = v.object({
  page: Page,
  page_size: PageSize,
  to: v.optional(v.string()),
  start_date: v.optional(Timestamp),
  end_date: v.optional(Timestamp),
  client_reference: v.optional(v.string()),
});

/** Response of `GET /inbounds`. */
export const InboundListResponse = v.object({ ...pageEntries, inbounds: v.array(InboundResponse) });
