/** What the stand-in for the SMS API does; the defaults are those of the comparison. */
export interface UpstreamOptions {
  /** Time from the whole request to the answer; default 0. */
  readonly latencyMs?: number;
  /** Largest request body; default 16 KB. */
  readonly maxBodyBytes?: number;
}

/** The answer to a sent batch, as the API's reference shows it. */
const BATCH = {
  id: "01FC66621XXXXX119Z8PMV1QPQ",
  to: ["15551231234"],
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

/** The service plan whose batches are answered with 403. */
export const REFUSED_PLAN = "refused";

/**
 * HAProxy's configuration for the stand-in.
 *
 * HAProxy answers by itself, and only after it has the whole request, as the real API does
 * (nginx's `return` answers before the body has come). It is about five times as fast as the
 * proxies under Deno, and can wait without taking CPU time.
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
  ${latencyMs > 0 ? `http-request lua.delay ${latencyMs}` : ""}
  ${answer(403, REFUSAL)} if { path_beg /xms/v1/${REFUSED_PLAN}/ }
  ${answer(201, BATCH)} if METH_POST
  ${answer(200, { status: "ready" })}
`;
}

function answer(status: number, body: unknown): string {
  const json = JSON.stringify(body);
  return `http-request return status ${status} content-type application/json string '${json}'`;
}
