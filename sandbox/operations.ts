/** The operations of contract.md §1, as data; `app.ts` mounts them. */

import * as batches from "./batches.ts";
import type { Call, Reply } from "./call.ts";
import * as reports from "./delivery_reports.ts";
import { dryRun } from "./dry_run.ts";
import * as groups from "./groups.ts";
import * as inbounds from "./inbounds.ts";

export interface Operation {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Under `/xms/v1/{service_plan_id}`. */
  readonly path: string;
  readonly answer: (call: Call) => Reply;
}

const BATCH = "/batches/:batch_id{[A-Za-z0-9_-]+}";
const GROUP = "/groups/:group_id{[A-Za-z0-9_-]+}";

/** In the order in which they are tried: `dry_run` is not a batch identifier. */
export const OPERATIONS: readonly Operation[] = [
  { method: "POST", path: "/batches", answer: batches.sendBatch },
  { method: "GET", path: "/batches", answer: batches.listBatches },
  { method: "POST", path: "/batches/dry_run", answer: dryRun },
  { method: "GET", path: BATCH, answer: batches.getBatch },
  { method: "POST", path: BATCH, answer: batches.updateBatch },
  { method: "PUT", path: BATCH, answer: batches.replaceBatch },
  { method: "DELETE", path: BATCH, answer: batches.cancelBatch },
  { method: "POST", path: `${BATCH}/delivery_feedback`, answer: batches.giveFeedback },
  { method: "GET", path: `${BATCH}/delivery_report`, answer: reports.getDeliveryReport },
  {
    method: "GET",
    path: `${BATCH}/delivery_report/:recipient_msisdn{(?:\\+|%2[Bb])?[0-9]+}`,
    answer: reports.getRecipientReport,
  },
  { method: "GET", path: "/delivery_reports", answer: reports.listDeliveryReports },
  { method: "GET", path: "/inbounds", answer: inbounds.listInbounds },
  { method: "GET", path: "/inbounds/:inbound_id{[A-Za-z0-9_-]+}", answer: inbounds.getInbound },
  { method: "POST", path: "/groups", answer: groups.createGroup },
  { method: "GET", path: "/groups", answer: groups.listGroups },
  { method: "GET", path: GROUP, answer: groups.getGroup },
  { method: "POST", path: GROUP, answer: groups.updateGroup },
  { method: "PUT", path: GROUP, answer: groups.replaceGroup },
  { method: "DELETE", path: GROUP, answer: groups.deleteGroup },
  { method: "GET", path: `${GROUP}/members`, answer: groups.listMembers },
];
