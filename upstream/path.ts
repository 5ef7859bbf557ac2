import type { Operation } from "../operations.ts";
import { ROUTES } from "../route_table.ts";

const PATTERNS = new Map(ROUTES.map(({ path, pattern }) => [path, pattern]));

/**
 * Returns the path and query for the upstream. The path is checked against the operation's template
 * again, so that forwarding does not depend on the checks made before.
 *
 * @throws {Error} when the path does not match the operation's template
 */
export function upstreamPath(operation: Operation, rawPath: string, rawQuery: string): string {
  if (!PATTERNS.get(operation.path)?.test(rawPath)) {
    throw new Error("the path does not match the operation");
  }
  return rawQuery ? `${rawPath}?${validQuery(rawQuery)}` : rawPath;
}

/** Returns the query without a fragment, and with characters that no URL may contain encoded. */
function validQuery(rawQuery: string): string {
  const [query = ""] = rawQuery.split("#", 1);
  return query.replace(/[^\x21-\x7e]+/g, encodeURIComponent);
}
