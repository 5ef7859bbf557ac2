import type { ObjectEntries, ObjectSchema } from "valibot";
import type { CatalogCode } from "../errors/catalog.ts";
import type { OPERATIONS } from "../operations.ts";
import {
  DeliveryReportQuery,
  DryRunQuery,
  ListBatchesQuery,
  ListDeliveryReportsQuery,
  ListGroupsQuery,
  ListInboundsQuery,
} from "../schemas/mod.ts";
import type { ComponentName } from "./json_schema.ts";

/** The id of an operation in the route table (`operations.ts` of the root). */
export type OperationId = typeof OPERATIONS[number]["id"];

/** What the reference says of an operation, in addition to the route table. */
export interface OperationNotes {
  readonly tag: keyof typeof TAGS;
  readonly description: string;
  readonly query?: {
    readonly name: string;
    readonly schema: ObjectSchema<ObjectEntries, undefined>;
  };
  readonly request?: ComponentName;
  /** Body of a success; absent if it has none. */
  readonly response?: ComponentName;
  /** Codes of a 403 by the API, in addition to `blocked_account` and `forbidden`. */
  readonly refusals?: readonly CatalogCode[];
  /** Operations that take the identifier in the response of this one. */
  readonly next?: readonly OperationId[];
  /** JSON pointer to that identifier in the response. Default: `/id`. */
  readonly nextId?: `/${string}`;
}

/** Groups of operations in the order of the page. */
export const TAGS = {
  Batches: "Messages to send, each to one or more recipients.",
  "Delivery reports": "The delivery statuses of messages.",
  Inbounds: "Received messages.",
  Groups: "Named lists of recipients.",
} as const;

const SEND_REFUSALS = [
  "illegal_number_type",
  "missing_callback_url",
  "unknown_campaign",
  "unknown_group",
] as const;

const CHANGE_REFUSALS = [...SEND_REFUSALS, "batch_already_dispatched", "conflict_send_at"] as const;

const GROUP_REFUSALS = ["conflict_group_name", "unknown_group"] as const;

/** The notes of every operation. */
export const NOTES: Readonly<Record<OperationId, OperationNotes>> = {
  sendBatch: {
    tag: "Batches",
    description:
      "Sends a message to up to 1000 recipients and groups. The gateway never sends it to the API twice. After a 502 or 504 it is not known whether the batch was sent: repeat the request if it has an `Idempotency-Key`; without one check with `listBatches` before you send it again. With a `client_reference` that is new for each message, a repeat finds out what became of the first.",
    request: "SendBatchRequest",
    response: "BatchResponse",
    refusals: SEND_REFUSALS,
    next: [
      "getBatch",
      "updateBatch",
      "replaceBatch",
      "cancelBatch",
      "sendDeliveryFeedback",
      "getDeliveryReport",
    ],
  },
  listBatches: {
    tag: "Batches",
    description: "Lists the batches, newest first.",
    query: { name: "ListBatchesQuery", schema: ListBatchesQuery },
    response: "BatchListResponse",
  },
  dryRun: {
    tag: "Batches",
    description: "Computes the messages of a batch without sending it.",
    query: { name: "DryRunQuery", schema: DryRunQuery },
    request: "SendBatchRequest",
    response: "DryRunResponse",
    refusals: SEND_REFUSALS,
  },
  getBatch: {
    tag: "Batches",
    description: "Returns a batch.",
    response: "BatchResponse",
  },
  updateBatch: {
    tag: "Batches",
    description:
      "Changes the given members, as long as the batch has not been dispatched. The type cannot change.",
    request: "UpdateBatchRequest",
    response: "BatchResponse",
    refusals: CHANGE_REFUSALS,
  },
  replaceBatch: {
    tag: "Batches",
    description: "Replaces the message, as long as the batch has not been dispatched.",
    request: "SendBatchRequest",
    response: "BatchResponse",
    refusals: CHANGE_REFUSALS,
  },
  cancelBatch: {
    tag: "Batches",
    description:
      "Cancels the messages that have not been sent. The batch can still be read; canceling it again has no effect.",
    response: "BatchResponse",
  },
  sendDeliveryFeedback: {
    tag: "Batches",
    description:
      "Confirms that recipients have received the message, for a batch with `feedback_enabled`. An empty list means all recipients.",
    request: "DeliveryFeedbackRequest",
  },
  getDeliveryReport: {
    tag: "Delivery reports",
    description: "Counts the messages of a batch by delivery status.",
    query: { name: "DeliveryReportQuery", schema: DeliveryReportQuery },
    response: "DeliveryReportResponse",
  },
  getRecipientDeliveryReport: {
    tag: "Delivery reports",
    description: "Returns the delivery status of the message to one recipient.",
    response: "RecipientDeliveryReportResponse",
  },
  listDeliveryReports: {
    tag: "Delivery reports",
    description: "Lists the reports of messages with a final status.",
    query: { name: "ListDeliveryReportsQuery", schema: ListDeliveryReportsQuery },
    response: "DeliveryReportListResponse",
  },
  listInbounds: {
    tag: "Inbounds",
    description: "Lists the received messages, newest first.",
    query: { name: "ListInboundsQuery", schema: ListInboundsQuery },
    response: "InboundListResponse",
    next: ["getInbound"],
    nextId: "/inbounds/0/id",
  },
  getInbound: {
    tag: "Inbounds",
    description: "Returns a received message.",
    response: "InboundResponse",
  },
  createGroup: {
    tag: "Groups",
    description: "Creates a group, empty or with members.",
    request: "CreateGroupRequest",
    response: "GroupResponse",
    refusals: GROUP_REFUSALS,
    next: ["getGroup", "updateGroup", "replaceGroup", "listGroupMembers", "deleteGroup"],
  },
  listGroups: {
    tag: "Groups",
    description: "Lists the groups, newest first.",
    query: { name: "ListGroupsQuery", schema: ListGroupsQuery },
    response: "GroupListResponse",
  },
  getGroup: {
    tag: "Groups",
    description: "Returns a group without its members.",
    response: "GroupResponse",
  },
  updateGroup: {
    tag: "Groups",
    description: "Adds members, then removes members; a name of null removes the name.",
    request: "UpdateGroupRequest",
    response: "GroupResponse",
    refusals: GROUP_REFUSALS,
  },
  replaceGroup: {
    tag: "Groups",
    description: "Replaces the members, the name and the keywords.",
    request: "ReplaceGroupRequest",
    response: "GroupResponse",
    refusals: GROUP_REFUSALS,
  },
  deleteGroup: {
    tag: "Groups",
    description: "Deletes a group. Batches that were already sent to it do not change.",
  },
  listGroupMembers: {
    tag: "Groups",
    description: "Lists the phone numbers in a group, including those of its child groups.",
    response: "GroupMembersResponse",
  },
};
