import { type Operation, OPERATIONS, SEGMENTS } from "./operations.ts";

/** Where a caller sees its own policy; not a path of the SMS API. */
export const USAGE_PATH = "/usage";

/** The methods of a path, for `Allow`: those of its operations, and HEAD if there is GET. */
export function allowedMethods(path: string): string[] {
  const methods = OPERATIONS.filter((operation) => operation.path === path)
    .map(({ method }) => method as string);
  return methods.includes("GET") ? ["GET", "HEAD", ...methods.filter((m) => m !== "GET")] : methods;
}

/** The route of callbacks; a secret may follow as a further segment. */
export const CALLBACK_ROUTE = "/callbacks/{service_plan_id}";

/** Converts a route template to a pattern for the whole raw path. */
function patternOf(path: string): RegExp {
  const source = path.replace(/\{(\w+)\}/g, (_, name: keyof typeof SEGMENTS) => SEGMENTS[name]);
  return new RegExp(`^${source}$`);
}

/** A path of the API with all its operations. */
export interface Route {
  readonly path: Operation["path"];
  /** Matches a raw, undecoded path. */
  readonly pattern: RegExp;
  /** Method → operation. */
  readonly operations: ReadonlyMap<string, Operation>;
  /** The value of `Allow`. */
  readonly allow: string;
}

/** Every path; those with fewer parameters come first, so that `dry_run` is not taken for an id. */
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
