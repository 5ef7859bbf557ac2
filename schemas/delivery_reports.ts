/** Queries and responses of the delivery report operations. */

import * as v from "valibot";
import { Page, pageEntries, PageSize, Timestamp, UtcTimestamp } from "./common.ts";

/** The delivery statuses of a message. */
export const DELIVERY_STATUSES = [
  "Queued",
  "Dispatched",
  "Aborted",
  "Cancelled",
  "Rejected",
  "Deleted",
  "Delivered",
  "Failed",
  "Expired",
  "Unknown",
] as const;

/** Query of `GET /batches/{batch_id}/delivery_report`; `status` and `code` are comma-separated lists. */
export const DeliveryReportQuery = v.object({
  type: v.optional(v.string(), "summary"),
  status: v.optional(v.string()),
  code: v.optional(v.string()),
});

/** Response of `GET /batches/{batch_id}/delivery_report`. */
export const DeliveryReportResponse = v.object({
  type: v.picklist(["delivery_report_sms", "delivery_report_mms"]),
  batch_id: v.string(),
  total_message_count: v.number(),
  statuses: v.array(v.object({
    code: v.number(),
    status: v.picklist(DELIVERY_STATUSES),
    count: v.number(),
    recipients: v.optional(v.array(v.string())),
  })),
  client_reference: v.optional(v.string()),
});

/** Response of `GET /batches/{batch_id}/delivery_report/{recipient_msisdn}`. */
export const RecipientDeliveryReportResponse = v.object({
  type: v.picklist(["recipient_delivery_report_sms", "recipient_delivery_report_mms"]),
  batch_id: v.string(),
  recipient: v.string(),
  code: v.number(),
  status: v.picklist(DELIVERY_STATUSES),
  at: UtcTimestamp,
  operator_status_at: v.optional(UtcTimestamp),
  client_reference: v.optional(v.string()),
  applied_originator: v.optional(v.string()),
  number_of_message_parts: v.optional(v.number()),
});

/** Query of `GET /delivery_reports`; `status` and `code` are comma-separated lists. */
export const ListDeliveryReportsQuery = v.object({
  page: Page,
  page_size: PageSize,
  start_date: v.optional(Timestamp),
  end_date: v.optional(Timestamp),
  status: v.optional(v.string()),
  code: v.optional(v.string()),
  client_reference: v.optional(v.string()),
});

/** Response of `GET /delivery_reports`. */
export const DeliveryReportListResponse = v.object({
  ...pageEntries,
  delivery_reports: v.array(RecipientDeliveryReportResponse),
});
