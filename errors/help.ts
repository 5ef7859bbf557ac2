import { catalogEntry } from "./catalog.ts";
import type { Failure } from "./gateway_error.ts";

/** Path of the page that explains the errors; `routes/docs.ts` serves it. */
export const ERRORS_PAGE = "/docs/errors";

/** Statuses that the page has a section for (contract.md §2). */
const EXPLAINED: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 415, 429, 500, 503]);

/** `Link` to what explains a failure: its code, or its status where the code is the API's own. */
export function helpLink({ status, code }: Pick<Failure, "status" | "code">): string {
  return `<${ERRORS_PAGE}#${anchorOf(status, code)}>; rel="help"`;
}

function anchorOf(status: number, code: string): string {
  if (catalogEntry(code)) return code;
  return EXPLAINED.has(status) ? `status-${status}` : "status-other";
}
