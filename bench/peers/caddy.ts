import type { Candidate } from "../candidate.ts";
import { AUDIENCE, ISSUER } from "../tokens.ts";
import { COMPLETE_PEER, CREDENTIAL } from "./peer.ts";

/** More idle connections than the load opens. */
const MAX_IDLE_CONNECTIONS = 2_048;

/** Caddy with a JWT check (peers/caddy, built by peers/install.ts), its tracing and a JSON log. */
export const caddy: Candidate = {
  ...COMPLETE_PEER,
  title: "Caddy: tokens, body limit, 1 span, log, metrics",
  needs: ["caddy-peer"],
  spansPerRequest: 1,
  command: ({ folder, collector }) => ({
    program: "caddy-peer",
    args: ["run", "--adapter", "caddyfile", "--config", `${folder}/Caddyfile`],
    env: {
      GOMAXPROCS: "1",
      XDG_DATA_HOME: folder,
      XDG_CONFIG_HOME: folder,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
      OTEL_SERVICE_NAME: "sms-gateway",
    },
  }),
  files: ({ port, upstream, folder, keySet }) => ({
    "keys.json": keySet,
    Caddyfile: `
{
  admin off
  auto_https off
  metrics
  order jwt_check before reverse_proxy
}
http://127.0.0.1:${port} {
  log {
    output stdout
    format json
  }
  tracing {
    span sms-gateway
  }
  request_body {
    max_size 1MiB
  }
  handle /xms/* {
    jwt_check ${ISSUER} ${AUDIENCE} ${folder}/keys.json
    reverse_proxy ${upstream} {
      header_up Authorization "Bearer ${CREDENTIAL}"
      transport http {
        keepalive_idle_conns_per_host ${MAX_IDLE_CONNECTIONS}
      }
    }
  }
  handle {
    reverse_proxy ${upstream}
  }
}
`,
  }),
};
