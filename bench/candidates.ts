import type { Candidate } from "./candidate.ts";
import { gateway } from "./gateway.ts";
import { COMPLETE_PEERS } from "./peers/mod.ts";
import type { Command } from "./process.ts";

/** Defaults for plain proxies. */
const PROXY = {
  ready: "/ready",
  load: "one",
  spansPerRequest: 0,
  fixedRate: true,
} as const;

/** The candidate that all others are compared with. */
export const BASELINE = "naive";

/** The gateway with all features. */
export const COMPLETE = "gateway";

/** Maximum number of idle connections to the upstream: more than the load opens. */
const MAX_IDLE_CONNECTIONS = 2_048;

/** The folder of another checkout of the gateway, to compare versions. */
const BEFORE = Deno.env.get("BENCH_BEFORE");

/** All candidates, in the order of the tables. */
export const CANDIDATES: Readonly<Record<string, Candidate>> = {
  direct: { ...PROXY, title: "no proxy at all", needs: [] },
  naive: {
    ...PROXY,
    title: "naive Deno proxy",
    needs: [],
    command: ({ port, upstream }) => deno("candidates/naive.ts", String(port), upstream),
  },
  hono: {
    ...PROXY,
    title: "Hono proxy()",
    needs: [],
    command: ({ port, upstream }) => deno("candidates/hono.ts", String(port), upstream),
  },
  undici: {
    ...PROXY,
    title: "undici under Deno.serve, nothing else",
    needs: [],
    command: ({ port, upstream }) => deno("candidates/undici.ts", String(port), upstream),
  },
  "http-proxy-3": {
    ...PROXY,
    title: "http-proxy-3 (Node)",
    needs: ["node"],
    command: ({ port, upstream }) => node("http_proxy_3.cjs", String(port), upstream),
  },
  fastify: {
    ...PROXY,
    title: "@fastify/http-proxy (Node)",
    needs: ["node"],
    command: ({ port, upstream }) => node("fastify.cjs", String(port), upstream),
  },
  caddy: {
    ...PROXY,
    title: "Caddy",
    needs: ["caddy"],
    command: ({ folder }) => ({
      program: "caddy",
      args: ["run", "--adapter", "caddyfile", "--config", `${folder}/Caddyfile`],
      env: { GOMAXPROCS: "1", XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    }),
    files: ({ port, upstream }) => ({
      Caddyfile: `
{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  reverse_proxy ${upstream} {
    transport http {
      keepalive_idle_conns_per_host ${MAX_IDLE_CONNECTIONS}
    }
  }
}
`,
    }),
  },
  haproxy: {
    ...PROXY,
    title: "HAProxy",
    needs: ["haproxy"],
    command: ({ folder }) => ({ program: "haproxy", args: ["-f", `${folder}/haproxy.cfg`] }),
    files: ({ port, upstream }) => ({
      "haproxy.cfg": `
global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout client 1m
  timeout server 1m
  timeout connect 5s
  http-reuse always
frontend callers
  bind 127.0.0.1:${port} backlog 8192
  default_backend sms_api
backend sms_api
  server sms_api ${upstream}
`,
    }),
  },
  nginx: {
    ...PROXY,
    title: "nginx",
    needs: ["nginx"],
    command: ({ folder }) => ({
      program: "nginx",
      args: ["-p", folder, "-e", `${folder}/error.log`, "-c", `${folder}/nginx.conf`],
    }),
    files: ({ port, upstream, folder }) => ({
      "nginx.conf": `
worker_processes 1;
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path ${folder};
  proxy_temp_path ${folder};
  fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder};
  scgi_temp_path ${folder};
  upstream sms_api {
    server ${upstream};
    keepalive ${MAX_IDLE_CONNECTIONS};
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=8192;
    location / {
      proxy_pass http://sms_api;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`,
    }),
  },
  ...COMPLETE_PEERS,
  gateway: gateway({
    title: "gateway, complete",
    fixedRate: true,
    refusesTokens: true,
    logsRequests: true,
  }),
  ...(BEFORE === undefined ? {} : {
    "gateway-before": gateway({ title: "gateway, before", folder: BEFORE }),
    "gateway-before-again": gateway({ title: "gateway, before, again", folder: BEFORE }),
  }),
  "gateway-no-traces": gateway({
    title: "gateway, no traces",
    without: ["OTLP_ENDPOINT"],
    spansPerRequest: 0,
  }),
  "gateway-no-logs": gateway({ title: "gateway, no logs", env: { LOG_LEVEL: "error" } }),
  "gateway-new-tokens": gateway({ title: "gateway, a new token per request", load: "fresh" }),
  "gateway-10k-tokens": gateway({ title: "gateway, 10,000 tokens", load: "many" }),
  // None for a store in memory: it is full within seconds. `deno task bench:unit` has it.
  "gateway-keys-sqlite": gateway({
    title: "gateway, a key per request, SQLite",
    load: "keyed",
    siteEnv: ({ folder }) => ({ STATE_URL: `sqlite:${folder}/state.db` }),
  }),
  "gateway-keys-redis": gateway({
    title: "gateway, a key per request, Redis",
    load: "keyed",
    needs: ["redis-server"],
    siteEnv: ({ redis = "" }) => ({ STATE_URL: redis }),
  }),
  "gateway-errors": gateway({ title: "gateway, responses of 403", load: "refused" }),
};

function deno(script: string, ...args: string[]): Command {
  return {
    program: Deno.execPath(),
    args: ["run", "-A", "--no-check", `${import.meta.dirname}/${script}`, ...args],
  };
}

function node(script: string, ...args: string[]): Command {
  return { program: "node", args: [`${import.meta.dirname}/node/${script}`, ...args] };
}
