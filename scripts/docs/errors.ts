import { CATALOG, type CatalogEntry } from "../../errors/catalog.ts";
import { table } from "./table.ts";

const INTRODUCTION = `# Errors

Every error response has a body \`{"code","text"}\`; a 404 has none. \`X-Error-Origin\` says who
refused, \`gateway\` or \`upstream\`; \`Link\` points to the explanation of the code, which every gateway
also serves at \`/docs/errors\`.

**429 and 503 always mean that the request was not processed**, so that clients may send a request
again on these statuses alone. After a 502 or a 504 it is not known whether the request was
processed: before you send a POST again, check whether it took effect, or repeat it with the
\`Idempotency-Key\` it was sent with ([idempotency.md](idempotency.md)). (A 502 is also
\`internal_error\` if the gateway itself failed after it had sent the request.)

Unknown codes of the SMS API pass through unchanged, and unknown 4xx statuses keep their number. The
\`text\` of an error of the SMS API passes through as well; only the gateway's own credentials are
removed from it.

"Send again?" \`never\`: the same request fails again; \`later\`: send it again after \`Retry-After\`;
\`GET, PUT, DELETE\`: these may be sent again, a POST may take effect twice.
`;

const HEADER = [
  "Status",
  "Code",
  "Whose action",
  "Processed?",
  "Send again?",
  "What it means, and what to do",
];

/** The text of docs/errors.md. */
export function errorsPage(): string {
  const rows = Object.entries<CatalogEntry>(CATALOG).map(row);
  return `${INTRODUCTION}\n${table(HEADER, rows)}\n`;
}

function row([code, entry]: [string, CatalogEntry]): string[] {
  const { status, fault, processed, retry, meaning, help } = entry;
  const again = retry === "idempotent_only" ? "GET, PUT, DELETE" : retry;
  return [String(status), `\`${code}\``, fault, processed, again, `${meaning} ${help}`];
}
