/** Delivery reports: of a batch, of one recipient, and the list of reports of final states. */

import { batchOf } from "./batches.ts";
import { type Call, orNotFound, param, readQuery, type Reply } from "./call.ts";
import {
  type DeliveryState,
  neverStarted,
  stateOf,
  type TimelinePoint,
  toState,
} from "./delivery.ts";
import { NotFound } from "./errors.ts";
import type { Settings } from "./options.ts";
import { toMsisdn } from "./msisdn.ts";
import { dateFilter, listFilter, pageOf } from "./paging.ts";
import { measure } from "./parts.ts";
import { recipientsOf, textFor } from "./recipients.ts";
import type { Batch } from "./resources.ts";
import * as schemas from "../schemas/mod.ts";
import { formatTimestamp } from "./timestamps.ts";

/** The state of one message of a batch. */
export interface Report {
  batch: Batch;
  recipient: string;
  state: DeliveryState;
}

/**
 * `GET /batches/{batch_id}/delivery_report`. A `type` other than `summary` and `full` is a 404, as
 * the API reference says.
 */
export function getDeliveryReport(call: Call): Reply {
  const batch = batchOf(call);
  const query = readQuery(call, schemas.DeliveryReportQuery);
  if (query.type !== "summary" && query.type !== "full") throw new NotFound();
  return { status: 200, body: batchReport(call, batch, query.type, stateFilter(query)) };
}

/** The report of a batch as the API writes it: counts by code, `full` with the recipients. */
export function batchReport(
  place: Pick<Call, "plan" | "settings">,
  batch: Batch,
  type: "summary" | "full",
  isAsked: (report: Report) => boolean = () => true,
) {
  const reports = reportsOf(place, batch);
  const byCode = Map.groupBy(reports.filter(isAsked), ({ state }) => state.code);
  const statuses = Array.from(byCode, ([code, [first, ...others]]) => ({
    code,
    status: first?.state.status,
    count: others.length + 1,
    ...type === "full" && {
      recipients: [first, ...others].map((report) => report?.recipient),
    },
  }));
  return {
    type: `delivery_report_${kindOf(batch)}`,
    batch_id: batch.id,
    total_message_count: reports.length,
    statuses,
    client_reference: batch.message.client_reference,
  };
}

/** The report of a message at a point of its timeline. */
export function reportAt(batch: Batch, recipient: string, point: TimelinePoint): Report {
  return { batch, recipient, state: toState(point) };
}

/** `GET /batches/{batch_id}/delivery_report/{recipient_msisdn}`. */
export function getRecipientReport(call: Call): Reply {
  const batch = batchOf(call);
  const recipient = toMsisdn(param(call, "recipient_msisdn"));
  const report = reportsOf(call, batch).find((one) => one.recipient === recipient);
  return { status: 200, body: recipientReport(call.settings, orNotFound(report)) };
}

/** `GET /delivery_reports`. */
export function listDeliveryReports(call: Call): Reply {
  const query = readQuery(call, schemas.ListDeliveryReportsQuery);
  const inDates = dateFilter(query, call.settings.now());
  const inState = stateFilter(query);
  const finished = call.plan.batches.newestFirst()
    .filter(({ message: { client_reference } }) =>
      query.client_reference === undefined || client_reference === query.client_reference
    )
    .flatMap((batch) => reportsOf(call, batch))
    .filter((report) => report.state.final && inState(report) && inDates(report.state.atMs));
  const { entries, ...page } = pageOf(finished, query);
  const reports = entries.map((report) => recipientReport(call.settings, report));
  return { status: 200, body: { ...page, delivery_reports: reports } };
}

function reportsOf({ plan, settings }: Pick<Call, "plan" | "settings">, batch: Batch): Report[] {
  if (neverStarted(batch)) return [];
  return recipientsOf(plan, batch).map((recipient) => ({
    batch,
    recipient,
    state: stateOf(batch, recipient, settings),
  }));
}

function stateFilter(query: { status?: string | undefined; code?: string | undefined }) {
  // The Python SDK sends the statuses in upper case.
  const hasStatus = listFilter(query.status, (item) => item.toLowerCase());
  const hasCode = listFilter(query.code);
  return ({ state }: Report) =>
    hasStatus(state.status.toLowerCase()) && hasCode(String(state.code));
}

/** A recipient's report as the API writes it. */
export function recipientReport(
  { defaultOriginator }: Pick<Settings, "defaultOriginator">,
  { batch, recipient, state }: Report,
) {
  const { message } = batch;
  const limited = message.type === "mt_text" && message.max_number_of_message_parts;
  return {
    type: `recipient_delivery_report_${kindOf(batch)}`,
    batch_id: batch.id,
    recipient,
    code: state.code,
    status: state.status,
    at: formatTimestamp(state.atMs),
    ...state.byOperator && { operator_status_at: formatTimestamp(state.atMs) },
    client_reference: message.client_reference,
    ...!message.from && { applied_originator: defaultOriginator },
    ...limited && { number_of_message_parts: measure(textFor(batch, recipient) ?? "").parts },
  };
}

function kindOf(batch: Batch): "sms" | "mms" {
  return batch.message.type === "mt_media" ? "mms" : "sms";
}
