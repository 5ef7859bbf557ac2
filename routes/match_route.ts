import { GatewayError } from "../errors/gateway_error.ts";
import { type PathProblem, pathProblemAnchor } from "../errors/path_problems.ts";
import type { Exchange } from "../exchange.ts";
import type { Check } from "../middleware/checks.ts";
import type { Operation } from "../operations.ts";
import { type Route, ROUTES } from "../route_table.ts";

/** What every path of the API begins with. */
const PREFIX = "/xms/v1";

/**
 * Finds the operation that a request asks for, by its path as it was sent: 404 where no path
 * of the API matches byte for byte, 405 where the path has no such method (contract.md §1).
 */
export function matchRoute(): Check {
  return function matchRoute(c) {
    const exchange = c.get("exchange");
    const route = findRoute(exchange.rawPath);
    if (!route) throw noSuchPath(exchange);
    exchange.route = route.path;
    const operation = findOperation(route, exchange.method);
    if (!operation) {
      throw new GatewayError("method_not_allowed", { headers: { allow: route.allow } });
    }
    exchange.operation = operation;
  };
}

/** The 404 of an unknown path. Nothing is redirected: a client would lose the body of its POST. */
function noSuchPath(exchange: Exchange): GatewayError {
  const problem = pathProblemOf(exchange.rawPath);
  if (!problem) return new GatewayError("not_found");
  exchange.pathProblem = problem;
  return new GatewayError("not_found", { helpAnchor: pathProblemAnchor(problem) });
}

/** What is wrong with a path, by the first correction that makes it one of the API. */
export function pathProblemOf(rawPath: string): PathProblem | undefined {
  return CORRECTIONS.find(([, correct]) => findRoute(correct(rawPath)))?.[0];
}

const CORRECTIONS: readonly [PathProblem, (rawPath: string) => string][] = [
  ["repeated_slash", (path) => path.replace(/\/{2,}/g, "/")],
  ["trailing_slash", (path) => path.endsWith("/") ? path.slice(0, -1) : path],
  ["repeated_prefix", (path) => path.startsWith(PREFIX) ? path.slice(PREFIX.length) : path],
  ["missing_prefix", (path) => PREFIX + path],
];

/** The route of a raw path, if it is one of the API. */
export function findRoute(rawPath: string): Route | undefined {
  return ROUTES.find(({ pattern }) => pattern.test(rawPath));
}

/** A HEAD is served wherever a GET is. */
function findOperation({ operations }: Route, method: string): Operation | undefined {
  return operations.get(method === "HEAD" ? "GET" : method);
}
