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

/** The id of an operation of `operations.ts`. */
export type OperationId = typeof OPERATIONS[number]["id"];

/** What the reference says of an operation beside what `operations.ts` says. */
export interface OperationNotes {
  readonly tag: keyof typeof TAGS;
  readonly description: string;
  readonly query?: {
    readonly name: string;
    readonly schema: ObjectSchema<ObjectEntries, undefined>;
  };
  readonly request?: ComponentName;
  /** Body of a success; none where it is left out. */
  readonly answer?: ComponentName;
  /** Why the API may refuse it with 403, beside `blocked_account` and `forbidden`. */
  readonly refusals?: readonly CatalogCode[];
  /** Operations that take the identifier which this one answers. */
  readonly next?: readonly OperationId[];
  /** Where that identifier is in the answer: a JSON pointer; default: `/id`. */
  readonly nextId?: `/${string}`;
}

/** Groups of operations, in the order in which they are shown. */
export const TAGS = {
  Batches: "Messages to send, each to one or many recipients.",
  "Delivery reports": "What became of the messages.",
  Inbounds: "Messages received.",
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

/** What is known of every operation of `operations.ts`. */
export const NOTES: Readonly<Record<OperationId, OperationNotes>> = {
  sendBatch: {
    tag: "Batches",
    description:
      "Sends a message to up to 1000 recipients and groups. The gateway never sends it to the API twice. After a 502 or 504 it is not known whether the batch was sent: look for it before you send it again.",
    request: "SendBatchRequest",
    answer: "BatchResponse",
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
    description: "The batches sent, newest first.",
    query: { name: "ListBatchesQuery", schema: ListBatchesQuery },
    answer: "BatchListResponse",
  },
  dryRun: {
    tag: "Batches",
    description: "What a batch would become, without sending it.",
    query: { name: "DryRunQuery", schema: DryRunQuery },
    request: "SendBatchRequest",
    answer: "DryRunResponse",
    refusals: SEND_REFUSALS,
  },
  getBatch: {
    tag: "Batches",
    description: "A batch as it stands.",
    answer: "BatchResponse",
  },
  updateBatch: {
    tag: "Batches",
    description:
      "Changes what is given and leaves the rest, as long as the batch has not been dispatched. Its type cannot change.",
    request: "UpdateBatchRequest",
    answer: "BatchResponse",
    refusals: CHANGE_REFUSALS,
  },
  replaceBatch: {
    tag: "Batches",
    description: "Puts another message in its place, as long as it has not been dispatched.",
    request: "SendBatchRequest",
    answer: "BatchResponse",
    refusals: CHANGE_REFUSALS,
  },
  cancelBatch: {
    tag: "Batches",
    description:
      "Cancels what has not been sent. The batch stays and can be read; canceling it again changes nothing.",
    answer: "BatchResponse",
  },
  sendDeliveryFeedback: {
    tag: "Batches",
    description:
      "Says that recipients have received the message, for a batch with `feedback_enabled`. An empty list stands for all of them.",
    request: "DeliveryFeedbackRequest",
  },
  getDeliveryReport: {
    tag: "Delivery reports",
    description: "How many messages of a batch have which status.",
    query: { name: "DeliveryReportQuery", schema: DeliveryReportQuery },
    answer: "DeliveryReportResponse",
  },
  getRecipientDeliveryReport: {
    tag: "Delivery reports",
    description: "What became of the message to one recipient.",
    answer: "RecipientDeliveryReportResponse",
  },
  listDeliveryReports: {
    tag: "Delivery reports",
    description: "The reports of finished messages.",
    query: { name: "ListDeliveryReportsQuery", schema: ListDeliveryReportsQuery },
    answer: "DeliveryReportListResponse",
  },
  listInbounds: {
    tag: "Inbounds",
    description: "The messages received, newest first.",
    query: { name: "ListInboundsQuery", schema: ListInboundsQuery },
    answer: "InboundListResponse",
    next: ["getInbound"],
    nextId: "/inbounds/0/id",
  },
  getInbound: {
    tag: "Inbounds",
    description: "A message received.",
    answer: "InboundResponse",
  },
  createGroup: {
    tag: "Groups",
    description: "Makes a group, empty or with members.",
    request: "CreateGroupRequest",
    answer: "GroupResponse",
    refusals: GROUP_REFUSALS,
    next: ["getGroup", "updateGroup", "replaceGroup", "listGroupMembers", "deleteGroup"],
  },
  listGroups: {
    tag: "Groups",
    description: "The groups, newest first.",
    query: { name: "ListGroupsQuery", schema: ListGroupsQuery },
    answer: "GroupListResponse",
  },
  getGroup: {
    tag: "Groups",
    description: "A group, without its members.",
    answer: "GroupResponse",
  },
  updateGroup: {
    tag: "Groups",
    description:
      "Adds members and takes members out, in this order; a name of null takes the name away.",
    request: "UpdateGroupRequest",
    answer: "GroupResponse",
    refusals: GROUP_REFUSALS,
  },
  replaceGroup: {
    tag: "Groups",
    description: "Puts other members, name and keywords in place of those it has.",
    request: "ReplaceGroupRequest",
    answer: "GroupResponse",
    refusals: GROUP_REFUSALS,
  },
  deleteGroup: {
    tag: "Groups",
    description: "Deletes a group. Batches already sent to it are not touched.",
  },
  listGroupMembers: {
    tag: "Groups",
    description: "The phone numbers in a group, those of its child groups included.",
    answer: "GroupMembersResponse",
  },
};
