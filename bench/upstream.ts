/** Options of the mock SMS API. */
export interface UpstreamOptions {
  /** Delay between the complete request and the response for {@linkcode SLOW_PLAN}, in ms; default 0. */
  readonly latencyMs?: number;
  /** Largest request body, in bytes; default 16,384. */
  readonly maxBodyBytes?: number;
}

/** The response to a sent batch, from the API's reference. */
const BATCH = {
  id: "01FC66621XXXXX119Z8PMV1QPQ",
  to: ["46701740605"],
  from: "15551231235",
  canceled: false,
  body: "Your parcel is on its way and will arrive today between 14:00 and 16:00.",
  type: "mt_text",
  created_at: "2026-01-02T09:34:28.542Z",
  modified_at: "2026-01-02T09:34:28.542Z",
  delivery_report: "none",
  expire_at: "2026-01-05T09:34:28.542Z",
  flash_message: false,
};

const REFUSAL = { code: "unknown_campaign", text: "The campaign is not known to this account." };

/** The service plan whose batches are rejected with 403. */
export const REFUSED_PLAN = "refused";

/** The service plan whose batches are answered with a delay. */
export const SLOW_PLAN = "slow";

/**
 * The HAProxy configuration of the mock SMS API.
 *
 * HAProxy responds after it has received the whole request, as the real API does (nginx's `return`
 * responds before the body has arrived). It is about five times as fast as the proxies on Deno, and
 * can delay responses without using CPU time.
 */
export function upstreamConfig(port: number, options: UpstreamOptions = {}): string {
  const { latencyMs = 0, maxBodyBytes = 16_384 } = options;
  return `
global
  nbthread 1
  maxconn 8192
  tune.bufsize ${maxBodyBytes + 16_384}
  lua-load "${import.meta.dirname}/load/delay.lua"

defaults
  mode http
  timeout client 1h
  timeout server 1h
  timeout connect 5s
  timeout http-request 10s
  timeout http-keep-alive 1h

frontend sms_api
  bind 127.0.0.1:${port} backlog 8192
  option http-buffer-request
  http-request lua.delay ${latencyMs} if { path_beg /xms/v1/${SLOW_PLAN}/ }
  ${answer(403, REFUSAL)} if { path_beg /xms/v1/${REFUSED_PLAN}/ }
  ${answer(201, BATCH)} if METH_POST
  ${answer(200, { status: "ready" })}
`;
}

function answer(status: number, body: unknown): string {
  const json = JSON.stringify(body);
  return `http-request return status ${status} content-type application/json string '${json}'`;
}
