import type { Gateway } from "../gateway.ts";
import { hasValidHost, routedPathOf } from "../raw_url.ts";

/** What the demo fills into the forms and samples of the reference. */
export interface Prefilled {
  readonly service_plan_id: string;
  readonly token: string;
}

/**
 * Makes `/` redirect to the reference with plan and token in the fragment of the address. The
 * browser sends a fragment to no server, so it is in no log; the page removes it from the address.
 */
export function prefilledReference(fetch: Gateway["fetch"], values: Prefilled): Gateway["fetch"] {
  const location = `/docs#${new URLSearchParams({ ...values })}`;
  return (request, bindings) => {
    const isRoot = hasValidHost(request) && routedPathOf(request) === "/";
    if (!isRoot) return fetch(request, bindings);
    return new Response(null, { status: 303, headers: { location, "cache-control": "no-store" } });
  };
}
