import type { Handler, Hono, MiddlewareHandler } from "hono";
import { GatewayError } from "../errors/gateway_error.ts";
import type { GatewayEnv } from "../exchange.ts";
import { allowedMethods, type Operation, OPERATIONS, SEGMENTS } from "../operations.ts";

/**
 * Mounts every operation of the SMS API with the chain that each request to it walks, and
 * answers 405 on its path for every other method. What is not mounted here is 404.
 */
export function mountSmsApi(
  app: Hono<GatewayEnv>,
  chain: readonly (MiddlewareHandler<GatewayEnv> | Handler<GatewayEnv>)[],
): void {
  for (const path of literalFirst(new Set(OPERATIONS.map((operation) => operation.path)))) {
    for (const operation of OPERATIONS.filter((candidate) => candidate.path === path)) {
      app.on(operation.method, honoPath(path), noting(operation), ...chain);
    }
    app.all(honoPath(path), methodNotAllowed(path));
  }
}

/** Paths in an order in which a literal one is met before a sibling with a parameter. */
function literalFirst(paths: ReadonlySet<Operation["path"]>): Operation["path"][] {
  const parameters = (path: string) => path.split("{").length;
  return [...paths].sort((a, b) => parameters(a) - parameters(b));
}

/** `{batch_id}` as Hono writes it, with the form it must have: `:batch_id{[A-Za-z0-9_-]+}`. */
function honoPath(path: string): string {
  return path.replace(
    /\{(\w+)\}/g,
    (_, name: keyof typeof SEGMENTS) => `:${name}{${SEGMENTS[name]}}`,
  );
}

function noting(operation: Operation): MiddlewareHandler<GatewayEnv> {
  return async function noteOperation(c, next) {
    c.var.exchange.operation = operation;
    await next();
  };
}

function methodNotAllowed(path: string): Handler<GatewayEnv> {
  const allow = allowedMethods(path).join(", ");
  const anyOperation = OPERATIONS.find((operation) => operation.path === path);
  return function methodNotAllowed(c) {
    if (anyOperation) c.var.exchange.operation = anyOperation;
    throw new GatewayError("method_not_allowed", { headers: { allow } });
  };
}
