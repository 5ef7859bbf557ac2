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

/** The section of a status on the errors page. */
export function statusAnchor(status: number): string {
  return EXPLAINED_STATUSES.has(status) ? `status-${status}` : OTHER_STATUSES;
}

function anchorOf(status: number, code: string): string {
  return catalogEntry(code)?.status === status ? code : statusAnchor(status);
}
