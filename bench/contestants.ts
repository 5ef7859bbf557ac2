import type { Contestant } from "./contestant.ts";
import { gateway } from "./gateway.ts";
import type { Command } from "./process.ts";

/** What most contestants have in common. */
const PROXY = {
  ready: "/ready",
  load: "one",
  spansPerRequest: 0,
  fixedRate: true,
} as const;

/** The contestant that all others are compared with. */
export const YARDSTICK = "naive";

/** The gateway with everything on. */
export const COMPLETE = "gateway";

/** Idle connections that a proxy keeps to the upstream: more than callers ever open. */
const KEPT_CONNECTIONS = 2_048;

/** The folder of another checkout of the gateway, to compare a change with what was before it. */
const BEFORE = Deno.env.get("BENCH_BEFORE");

/** All contestants; the order is that of the tables. */
export const CONTESTANTS: Readonly<Record<string, Contestant>> = {
  direct: { ...PROXY, title: "no proxy at all", needs: [] },
  naive: {
    ...PROXY,
    title: "naive Deno proxy",
    needs: [],
    command: ({ port, upstream }) => deno("contestants/naive.ts", String(port), upstream),
  },
  hono: {
    ...PROXY,
    title: "Hono proxy()",
    needs: [],
    command: ({ port, upstream }) => deno("contestants/hono.ts", String(port), upstream),
  },
  undici: {
    ...PROXY,
    title: "undici under Deno.serve, nothing else",
    needs: [],
    command: ({ port, upstream }) => deno("contestants/undici.ts", String(port), upstream),
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
      keepalive_idle_conns_per_host ${KEPT_CONNECTIONS}
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
    keepalive ${KEPT_CONNECTIONS};
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
  gateway: gateway({ title: "gateway, complete", fixedRate: true }),
  ...(BEFORE === undefined ? {} : {
    "gateway-before": gateway({ title: "gateway, before", folder: BEFORE }),
  }),
  "gateway-no-traces": gateway({
    title: "gateway, no traces",
    without: ["OTLP_ENDPOINT"],
    spansPerRequest: 0,
  }),
  "gateway-no-logs": gateway({ title: "gateway, no logs", env: { LOG_LEVEL: "error" } }),
  "gateway-new-tokens": gateway({ title: "gateway, a new token every time", load: "fresh" }),
  "gateway-10k-tokens": gateway({ title: "gateway, 10,000 tokens", load: "many" }),
  "gateway-errors": gateway({ title: "gateway, answers of 403", load: "refused" }),
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
