/** Inbound messages: list and get. */

import { type Call, orNotFound, param, readQuery, type Reply } from "./call.ts";
import { toNumber } from "../policies/msisdn.ts";
import { dateFilter, listFilter, pageOf } from "./paging.ts";
import { ListInboundsQuery } from "../schemas/mod.ts";

/** `GET /inbounds`. */
export function listInbounds(call: Call): Reply {
  const query = readQuery(call, ListInboundsQuery);
  const inDates = dateFilter(query, call.settings.now());
  const isTo = listFilter(query.to, (item) => toNumber(item) ?? item);
  const matching = call.plan.inbounds.filter((inbound) =>
    inDates(Date.parse(inbound.received_at)) && isTo(inbound.to) &&
    (query.client_reference === undefined || inbound.client_reference === query.client_reference)
  );
  const { entries, ...page } = pageOf(matching, query);
  return { status: 200, body: { ...page, inbounds: entries } };
}

/** `GET /inbounds/{inbound_id}`. */
export function getInbound(call: Call): Reply {
  const id = param(call, "inbound_id");
  return { status: 200, body: orNotFound(call.plan.inbounds.find((inbound) => inbound.id === id)) };
}
