import { type Operation, ROUTES } from "../operations.ts";

const PATTERNS = new Map(ROUTES.map(({ path, pattern }) => [path, pattern]));

/**
 * The path and query for the upstream. The path goes up only if every part of it has the form
 * that the operation's template says; the route table has checked that before, but here
 * nothing depends on it.
 *
 * @throws {Error} when the path is not the operation's
 */
export function upstreamPath(operation: Operation, rawPath: string, rawQuery: string): string {
  if (!PATTERNS.get(operation.path)?.test(rawPath)) {
    throw new Error("the path is not of this operation");
  }
  return rawQuery ? `${rawPath}?${safeQueryBytes(rawQuery)}` : rawPath;
}

/** The query unchanged, but for what no URL may hold: a fragment, or raw bytes over ASCII. */
function safeQueryBytes(rawQuery: string): string {
  const [query = ""] = rawQuery.split("#", 1);
  return query.replace(/[^\x21-\x7e]+/g, encodeURIComponent);
}
