import { caddy } from "./caddy.ts";
import { envoy } from "./envoy.ts";
import { fastify } from "./fastify.ts";
import { haproxy } from "./haproxy.ts";

/**
 * Proxies that do the work of the gateway as far as they can. KrakenD CE is not among them: its
 * module cannot be had from the Go proxy.
 */
export const COMPLETE_PEERS = {
  "envoy-complete": envoy,
  "caddy-complete": caddy,
  "haproxy-complete": haproxy,
  "fastify-complete": fastify,
} as const;
