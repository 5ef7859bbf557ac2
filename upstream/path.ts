import { type Operation, SEGMENTS } from "../operations.ts";

const SEGMENT_PATTERNS = Object.fromEntries(
  Object.entries(SEGMENTS).map(([name, pattern]) => [name, new RegExp(`^${pattern}$`)]),
);

/**
 * The path and query for the upstream, built from checked parts: each segment of the raw
 * path is the operation's own word, or has the form its parameter must have. The route table
 * has checked that before; here nothing depends on it.
 *
 * @throws {Error} when the path is not the operation's
 */
export function upstreamPath(operation: Operation, rawPath: string, rawQuery: string): string {
  const segments = rawPath.split("/");
  const template = operation.path.split("/");
  const fits = segments.length === template.length &&
    template.every((part, index) => segmentFits(part, segments[index] ?? ""));
  if (!fits) throw new Error("the path is not of this operation");
  return rawQuery ? `${segments.join("/")}?${safeQueryBytes(rawQuery)}` : segments.join("/");
}

function segmentFits(part: string, segment: string): boolean {
  return part.startsWith("{")
    ? SEGMENT_PATTERNS[part.slice(1, -1)]?.test(segment) ?? false
    : part === segment;
}

/** The query unchanged, but for what no URL may hold: a fragment, or raw bytes over ASCII. */
function safeQueryBytes(rawQuery: string): string {
  const [query = ""] = rawQuery.split("#", 1);
  return query.replace(/[^\x21-\x7e]+/g, encodeURIComponent);
}
