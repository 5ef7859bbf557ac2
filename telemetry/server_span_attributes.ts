import type { Attributes } from "@opentelemetry/api";
import { AuthRefusal } from "../errors/auth_refusal.ts";
import { deliveryCodeName } from "../delivery_codes.ts";
import type { CallbackResult, Exchange } from "../exchange.ts";
import { CALLBACK_ROUTE } from "../route_table.ts";
import {
  ATTR,
  knownMethod,
  originalMethod,
  REDACTED,
  safeCode,
  safeHost,
  safeId,
  safePath,
  safeQuery,
  truncated,
} from "./attributes.ts";
import { memoizeLast } from "./memoize_last.ts";

/** RFC 9110 §7.2: a host name or an IP address, with an optional port. */
const HOST = /^([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/;

/** `{method} {route}`, or the method alone where no route matched. */
export function spanName(method: string, route?: string): string {
  const name = knownMethod(method) === method ? method : "HTTP";
  return route ? `${name} ${route}` : name;
}

/** Address and port of a `Host` value; memoized, since successive requests mostly share it. */
const serverOf = memoizeLast((host: string) => {
  const [, address, port] = HOST.exec(host) ?? [];
  if (address === undefined) return { address, port: undefined };
  return { address: safeHost(address), port: Number(port ?? 80) };
});

/** The attributes that are known at the start; undefined ones are not set. */
export function requestAttributes(
  method: string,
  headers: Headers,
  peer: string | undefined,
): Attributes {
  const userAgent = headers.get("user-agent");
  const { address, port } = serverOf(headers.get("host") ?? "");
  return {
    "http.request.method": knownMethod(method),
    "http.request.method_original": originalMethod(method),
    "url.scheme": "http",
    "server.address": address,
    "server.port": port,
    "client.address": peer,
    "user_agent.original": userAgent ? truncated(userAgent) : undefined,
  };
}

/** The attributes that are known at the end; undefined ones are not set. */
export function outcomeAttributes(exchange: Exchange): Attributes {
  const { route, principal, failure, rawQuery, servicePlanId, thrown } = exchange;
  const refusal = thrown instanceof AuthRefusal ? thrown : undefined;
  return {
    "url.path": exchange.callback
      ? callbackPath(servicePlanId)
      : safePath(exchange.rawPath, route !== undefined),
    "url.query": rawQuery ? safeQuery(rawQuery) : undefined,
    "http.route": route,
    "http.response.status_code": exchange.status,
    [ATTR.requestId]: exchange.requestId,
    [ATTR.servicePlanId]: servicePlanId,
    [ATTR.subject]: principal?.subject,
    [ATTR.errorCode]: failure && safeCode(failure.code),
    [ATTR.errorOrigin]: failure?.origin,
    [ATTR.errorFault]: failure?.fault,
    [ATTR.authReason]: refusal?.reason,
    [ATTR.unverifiedSubject]: refusal?.unverifiedSubject,
    [ATTR.pathProblem]: exchange.pathProblem,
    [ATTR.idempotency]: exchange.idempotency,
    [ATTR.oauthClientId]: exchange.tokenRequest?.clientId,
    [ATTR.oauthOutcome]: exchange.tokenRequest?.outcome,
    [ATTR.batchId]: exchange.batchId === undefined ? undefined : safeId(exchange.batchId),
    ...(exchange.callback && callbackAttributes(exchange.callback)),
    ...policyAttributes(exchange),
  };
}

/** The policy of the caller, and what the request breaks of it. */
function policyAttributes({ policy: applied }: Exchange): Attributes | undefined {
  return applied && {
    [ATTR.policy]: applied.policy.name,
    [ATTR.policyMode]: applied.policy.mode,
    [ATTR.policyViolations]: applied.violations.length > 0 ? [...applied.violations] : undefined,
  };
}

/** The path without its secret; the service plan of a refused callback may be anything. */
function callbackPath(servicePlanId = REDACTED): string {
  return CALLBACK_ROUTE.replace("{service_plan_id}", servicePlanId);
}

/** Status and code only where the callback reports one: that of a batch can report many. */
function callbackAttributes({ outcome, refusal, relay, report }: CallbackResult): Attributes {
  const [status, ...more] = report?.statuses ?? [];
  const only = more.length === 0 ? status : undefined;
  return {
    [ATTR.callbackType]: report?.type,
    [ATTR.callbackOutcome]: outcome,
    [ATTR.callbackRefusal]: refusal,
    [ATTR.callbackRelay]: relay,
    [ATTR.deliveryStatus]: only?.status,
    [ATTR.deliveryCode]: only?.code,
    [ATTR.deliveryCodeName]: only?.code === undefined ? undefined : deliveryCodeName(only.code),
    [ATTR.sinceSend]: report?.sinceSendMs === undefined ? undefined : report.sinceSendMs / 1_000,
  };
}
