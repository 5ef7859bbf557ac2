import { catalogEntry } from "./catalog.ts";
import type { Failure } from "./gateway_error.ts";
import { STATUSES } from "./statuses.ts";

/** Path of the page that explains the errors; `routes/docs.ts` serves it. */
export const ERRORS_PAGE = "/docs/errors";

/** Section of the statuses that only the SMS API knows. */
export const OTHER_STATUSES = "status-other";

const EXPLAINED: ReadonlySet<number> = new Set(STATUSES.map(({ status }) => status));

/** `Link` to the explanation of a failure: its code, or its status where the code has none there. */
export function helpLink(
  { status, code, helpAnchor }: Pick<Failure, "status" | "code" | "helpAnchor">,
): string {
  return `<${ERRORS_PAGE}#${helpAnchor ?? anchorOf(status, code)}>; rel="help"`;
}

/** The section of a status on the errors page. */
export function statusAnchor(status: number): string {
  return EXPLAINED.has(status) ? `status-${status}` : OTHER_STATUSES;
}

function anchorOf(status: number, code: string): string {
  return catalogEntry(code)?.status === status ? code : statusAnchor(status);
}
