/** One operation of the SMS API (contract.md §1). */
export interface Operation {
  readonly id: string;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Route template; its parameters are the keys of {@linkcode SEGMENTS}. */
  readonly path: `/xms/v1/{service_plan_id}/${string}`;
  /** Status of success, as the API documents it. */
  readonly success: 200 | 201 | 202;
  readonly summary: string;
}

/** Longest identifier, in characters (contract.md §2). */
export const MAX_IDENTIFIER_LENGTH = 128;

const IDENTIFIER = `[A-Za-z0-9_-]{1,${MAX_IDENTIFIER_LENGTH}}`;

/** What a path parameter may look like, as it stands in the raw path: a regular expression. */
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

/** Every operation of the SMS API. A path without parameters goes before its siblings with one. */
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

/** The methods a path answers, for `Allow`: those of its operations, and HEAD with GET. */
export function allowedMethods(path: string): string[] {
  const methods = OPERATIONS.filter((operation) => operation.path === path)
    .map(({ method }) => method as string);
  return methods.includes("GET") ? ["GET", "HEAD", ...methods.filter((m) => m !== "GET")] : methods;
}

/** What a raw path of a template looks like, from its first byte to its last. */
function patternOf(path: string): RegExp {
  const source = path.replace(/\{(\w+)\}/g, (_, name: keyof typeof SEGMENTS) => SEGMENTS[name]);
  return new RegExp(`^${source}$`);
}

/** One path of the API, with all its operations. */
export interface Route {
  readonly path: Operation["path"];
  /** Matches a raw path, undecoded. */
  readonly pattern: RegExp;
  readonly operations: ReadonlyMap<string, Operation>;
  /** The methods it answers, for `Allow`. */
  readonly allow: string;
}

/** Every path, a literal one before its siblings with a parameter. */
export const ROUTES: readonly Route[] = [
  ...new Set(OPERATIONS.map(({ path }) => path)),
].sort((a, b) => a.split("{").length - b.split("{").length)
  .map((path) => ({
    path,
    pattern: patternOf(path),
    operations: new Map(
      OPERATIONS.filter((one) => one.path === path).map((one) => [one.method, one]),
    ),
    allow: allowedMethods(path).join(", "),
  }));
