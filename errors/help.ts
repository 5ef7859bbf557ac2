import { catalogEntry } from "./catalog.ts";
import type { Failure } from "./gateway_error.ts";
import { STATUSES } from "./statuses.ts";

/** Path of the page that explains the errors; `routes/docs.ts` serves it. */
export const ERRORS_PAGE = "/docs/errors";

/** Section of the statuses that only the SMS API knows. */
export const OTHER_STATUSES = "status-other";

const EXPLAINED: ReadonlySet<number> = new Set(STATUSES.map(({ status }) => status));

/** `Link` to what explains a failure: its code, or its status where the code is the API's own. */
export function helpLink({ status, code }: Pick<Failure, "status" | "code">): string {
  return `<${ERRORS_PAGE}#${anchorOf(status, code)}>; rel="help"`;
}

/** The section of a status on the errors page. */
export function statusAnchor(status: number): string {
  return EXPLAINED.has(status) ? `status-${status}` : OTHER_STATUSES;
}

function anchorOf(status: number, code: string): string {
  return catalogEntry(code) ? code : statusAnchor(status);
}
