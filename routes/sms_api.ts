import { GatewayError } from "../errors/gateway_error.ts";
import type { Check } from "../middleware/checks.ts";
import { type Operation, type Route, ROUTES } from "../operations.ts";

/**
 * Finds the operation that a request asks for, by its path as it was sent: 404 where no path
 * of the API matches byte for byte, 405 where the path has no such method (contract.md §1).
 */
export function smsApi(): Check {
  return function smsApi(c) {
    const exchange = c.get("exchange");
    const route = findRoute(exchange.rawPath);
    if (!route) throw new GatewayError("not_found");
    exchange.route = route.path;
    const operation = findOperation(route, exchange.method);
    if (!operation) {
      throw new GatewayError("method_not_allowed", { headers: { allow: route.allow } });
    }
    exchange.operation = operation;
  };
}

/** The route of a raw path, if it is one of the API. */
export function findRoute(rawPath: string): Route | undefined {
  return ROUTES.find(({ pattern }) => pattern.test(rawPath));
}

/** A HEAD is served wherever a GET is. */
function findOperation({ operations }: Route, method: string): Operation | undefined {
  return operations.get(method === "HEAD" ? "GET" : method);
}
