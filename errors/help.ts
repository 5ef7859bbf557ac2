import { catalogEntry } from "./catalog.ts";
import type { Failure } from "./gateway_error.ts";
import { STATUSES } from "./statuses.ts";

/** Path of the errors page, which `routes/docs.ts` serves. */
export const ERRORS_PAGE = "/docs/errors";

/** Section of statuses that have none of their own. */
export const OTHER_STATUSES = "status-other";

const EXPLAINED_STATUSES: ReadonlySet<number> = new Set(STATUSES.map(({ status }) => status));

/**
 * The value of `Link`: the section of the failure's code on the errors page, else of its status.
 */
export function helpLink(
  { status, code, helpAnchor }: Pick<Failure, "status" | "code" | "helpAnchor">,
): string {
  return `<${ERRORS_PAGE}#${helpAnchor ?? anchorOf(status, code)}>; rel="help"`;
}

/** Explained only as statuses of the gateway: what the API means by them is not documented. */
const OWN_STATUSES: ReadonlySet<number> = new Set([409, 422]);

/** The section of a status on the errors page. */
export function statusAnchor(status: number): string {
  return EXPLAINED_STATUSES.has(status) ? `status-${status}` : OTHER_STATUSES;
}

function anchorOf(status: number, code: string): string {
  if (catalogEntry(code)?.status === status) return code;
  return OWN_STATUSES.has(status) ? OTHER_STATUSES : statusAnchor(status);
}
