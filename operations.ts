/** One operation of the SMS API (contract.md §1). */
export interface Operation {
  readonly id: string;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Route template; its parameters are keys of {@linkcode SEGMENTS}. */
  readonly path: `/xms/v1/{service_plan_id}/${string}`;
  /** The documented status of a success. */
  readonly success: 200 | 201 | 202;
  readonly summary: string;
}

/** Maximum length of an identifier, in characters (contract.md §2). */
export const MAX_IDENTIFIER_LENGTH = 128;

const IDENTIFIER = `[A-Za-z0-9_-]{1,${MAX_IDENTIFIER_LENGTH}}`;

/** Path parameter → regular expression for it in the raw, undecoded path. */
export const SEGMENTS = {
  service_plan_id: IDENTIFIER,
  batch_id: IDENTIFIER,
  group_id: IDENTIFIER,
  inbound_id: IDENTIFIER,
  recipient_msisdn: `(?:(?:\\+|%2[Bb])[0-9]{1,${
    MAX_IDENTIFIER_LENGTH - 1
  }}|[0-9]{1,${MAX_IDENTIFIER_LENGTH}})`,
} as const satisfies Record<string, string>;

const PLAN = "/xms/v1/{service_plan_id}" as const;

/** Every operation of the SMS API. */
export const OPERATIONS = [
  {
    id: "sendBatch",
    method: "POST",
    path: `${PLAN}/batches`,
    success: 201,
    summary: "Send a batch",
  },
  {
    id: "listBatches",
    method: "GET",
    path: `${PLAN}/batches`,
    success: 200,
    summary: "List batches",
  },
  {
    id: "dryRun",
    method: "POST",
    path: `${PLAN}/batches/dry_run`,
    success: 200,
    summary: "Dry run a batch",
  },
  {
    id: "getBatch",
    method: "GET",
    path: `${PLAN}/batches/{batch_id}`,
    success: 200,
    summary: "Get a batch",
  },
  {
    id: "updateBatch",
    method: "POST",
    path: `${PLAN}/batches/{batch_id}`,
    success: 200,
    summary: "Update a batch",
  },
  {
    id: "replaceBatch",
    method: "PUT",
    path: `${PLAN}/batches/{batch_id}`,
    success: 200,
    summary: "Replace a batch",
  },
  {
    id: "cancelBatch",
    method: "DELETE",
    path: `${PLAN}/batches/{batch_id}`,
    success: 200,
    summary: "Cancel a batch",
  },
  {
    id: "sendDeliveryFeedback",
    method: "POST",
    path: `${PLAN}/batches/{batch_id}/delivery_feedback`,
    success: 202,
    summary: "Send delivery feedback",
  },
  {
    id: "getDeliveryReport",
    method: "GET",
    path: `${PLAN}/batches/{batch_id}/delivery_report`,
    success: 200,
    summary: "Get a delivery report of a batch",
  },
  {
    id: "getRecipientDeliveryReport",
    method: "GET",
    path: `${PLAN}/batches/{batch_id}/delivery_report/{recipient_msisdn}`,
    success: 200,
    summary: "Get the delivery report of a recipient",
  },
  {
    id: "listDeliveryReports",
    method: "GET",
    path: `${PLAN}/delivery_reports`,
    success: 200,
    summary: "List delivery reports",
  },
  {
    id: "listInbounds",
    method: "GET",
    path: `${PLAN}/inbounds`,
    success: 200,
    summary: "List inbound messages",
  },
  {
    id: "getInbound",
    method: "GET",
    path: `${PLAN}/inbounds/{inbound_id}`,
    success: 200,
    summary: "Get an inbound message",
  },
  {
    id: "createGroup",
    method: "POST",
    path: `${PLAN}/groups`,
    success: 201,
    summary: "Create a group",
  },
  { id: "listGroups", method: "GET", path: `${PLAN}/groups`, success: 200, summary: "List groups" },
  {
    id: "getGroup",
    method: "GET",
    path: `${PLAN}/groups/{group_id}`,
    success: 200,
    summary: "Get a group",
  },
  {
    id: "updateGroup",
    method: "POST",
    path: `${PLAN}/groups/{group_id}`,
    success: 200,
    summary: "Update a group",
  },
  {
    id: "replaceGroup",
    method: "PUT",
    path: `${PLAN}/groups/{group_id}`,
    success: 200,
    summary: "Replace a group",
  },
  {
    id: "deleteGroup",
    method: "DELETE",
    path: `${PLAN}/groups/{group_id}`,
    success: 200,
    summary: "Delete a group",
  },
  {
    id: "listGroupMembers",
    method: "GET",
    path: `${PLAN}/groups/{group_id}/members`,
    success: 200,
    summary: "List the members of a group",
  },
] as const satisfies readonly Operation[];
