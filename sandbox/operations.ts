/** The route table: every operation of contract.md §1. */

import * as batches from "./batches.ts";
import type { Call, Reply } from "./call.ts";
import * as reports from "./delivery_reports.ts";
import { dryRun } from "./dry_run.ts";
import * as groups from "./groups.ts";
import * as inbounds from "./inbounds.ts";

/** One operation of the SMS API. */
export interface Operation {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Under `/xms/v1/{service_plan_id}`. */
  readonly path: string;
  readonly run: (call: Call) => Reply;
}

const BATCH = "/batches/:batch_id{[A-Za-z0-9_-]+}";
const GROUP = "/groups/:group_id{[A-Za-z0-9_-]+}";

/** Routes are matched in this order: `dry_run` precedes the batch identifiers. */
export const OPERATIONS: readonly Operation[] = [
  { method: "POST", path: "/batches", run: batches.sendBatch },
  { method: "GET", path: "/batches", run: batches.listBatches },
  { method: "POST", path: "/batches/dry_run", run: dryRun },
  { method: "GET", path: BATCH, run: batches.getBatch },
  { method: "POST", path: BATCH, run: batches.updateBatch },
  { method: "PUT", path: BATCH, run: batches.replaceBatch },
  { method: "DELETE", path: BATCH, run: batches.cancelBatch },
  { method: "POST", path: `${BATCH}/delivery_feedback`, run: batches.confirmDelivery },
  { method: "GET", path: `${BATCH}/delivery_report`, run: reports.getDeliveryReport },
  {
    method: "GET",
    path: `${BATCH}/delivery_report/:recipient_msisdn{(?:\\+|%2[Bb])?[0-9]+}`,
    run: reports.getRecipientReport,
  },
  { method: "GET", path: "/delivery_reports", run: reports.listDeliveryReports },
  { method: "GET", path: "/inbounds", run: inbounds.listInbounds },
  { method: "GET", path: "/inbounds/:inbound_id{[A-Za-z0-9_-]+}", run: inbounds.getInbound },
  { method: "POST", path: "/groups", run: groups.createGroup },
  { method: "GET", path: "/groups", run: groups.listGroups },
  { method: "GET", path: GROUP, run: groups.getGroup },
  { method: "POST", path: GROUP, run: groups.updateGroup },
  { method: "PUT", path: GROUP, run: groups.replaceGroup },
  { method: "DELETE", path: GROUP, run: groups.deleteGroup },
  { method: "GET", path: `${GROUP}/members`, run: groups.listMembers },
];
