import type { OperationId } from "../operations.ts";

/** How the official SDKs call an operation. */
export interface SdkCall {
  /** Method of the Node SDK, and the name of its argument with the body. */
  readonly node: string;
  readonly nodeBody?: string;
  /** Method of the Python SDK; the members of the body are its arguments. */
  readonly python: string;
  /** Whether the result is a list that fetches its pages itself. */
  readonly paged?: boolean;
  /** Path parameters that an SDK gives another name. */
  readonly renamed?: {
    readonly node: Readonly<Record<string, string>>;
    readonly python: Readonly<Record<string, string>>;
  };
}

/** The call of each operation, in `@sinch/sdk-core` 1.4 and `sinch` 2.3. */
export const SDK_CALLS: Readonly<Record<OperationId, SdkCall>> = {
  sendBatch: { node: "batches.send", nodeBody: "sendSMSRequestBody", python: "batches.send_sms" },
  listBatches: { node: "batches.list", python: "batches.list", paged: true },
  dryRun: { node: "batches.dryRun", nodeBody: "dryRunRequestBody", python: "batches.dry_run_sms" },
  getBatch: { node: "batches.get", python: "batches.get" },
  updateBatch: {
    node: "batches.update",
    nodeBody: "updateBatchMessageRequestBody",
    python: "batches.update_sms",
  },
  replaceBatch: {
    node: "batches.replace",
    nodeBody: "replaceBatchMessageRequestBody",
    python: "batches.replace_sms",
  },
  cancelBatch: { node: "batches.cancel", python: "batches.cancel" },
  sendDeliveryFeedback: {
    node: "batches.sendDeliveryFeedback",
    nodeBody: "deliveryFeedbackRequestBody",
    python: "batches.send_delivery_feedback",
  },
  getDeliveryReport: { node: "deliveryReports.get", python: "delivery_reports.get" },
  getRecipientDeliveryReport: {
    node: "deliveryReports.getForNumber",
    python: "delivery_reports.get_for_number",
    renamed: {
      node: { recipient_msisdn: "phone_number" },
      python: { recipient_msisdn: "recipient" },
    },
  },
  listDeliveryReports: {
    node: "deliveryReports.list",
    python: "delivery_reports.list",
    paged: true,
  },
  listInbounds: { node: "inbounds.list", python: "inbounds.list", paged: true },
  getInbound: { node: "inbounds.get", python: "inbounds.get" },
  createGroup: {
    node: "groups.create",
    nodeBody: "createGroupRequestBody",
    python: "groups.create",
  },
  listGroups: { node: "groups.list", python: "groups.list", paged: true },
  getGroup: { node: "groups.get", python: "groups.get" },
  updateGroup: {
    node: "groups.update",
    nodeBody: "updateGroupRequestBody",
    python: "groups.update",
  },
  replaceGroup: {
    node: "groups.replace",
    nodeBody: "replaceGroupRequestBody",
    python: "groups.replace",
  },
  deleteGroup: { node: "groups.delete", python: "groups.delete" },
  listGroupMembers: { node: "groups.listMembers", python: "groups.list_members" },
};
