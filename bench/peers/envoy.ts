import type { Candidate, CandidateEnvironment } from "../candidate.ts";
import { AUDIENCE, ISSUER } from "../tokens.ts";
import { COMPLETE_PEER, CREDENTIAL, hostAndPort } from "./peer.ts";

const V3 = "type.googleapis.com/envoy";

/** Envoy with its filters for tokens and bodies, two spans, a JSON log line and statistics. */
export const envoy: Candidate = {
  ...COMPLETE_PEER,
  title: "Envoy: tokens (cached), body limit, 2 spans, log",
  needs: ["envoy"],
  spansPerRequest: 2,
  command: ({ folder }) => ({
    program: "envoy",
    args: [
      "-c",
      `${folder}/envoy.json`,
      "--concurrency",
      "1",
      "--log-level",
      "error",
      "--file-flush-interval-msec",
      "1000",
    ],
  }),
  files: (site) => ({ "envoy.json": JSON.stringify(configuration(site)) }),
};

function configuration(site: CandidateEnvironment) {
  const { host, port } = hostAndPort(site.upstream);
  const collector = hostAndPort(new URL(site.collector).host);
  return {
    static_resources: {
      listeners: [{
        address: address("127.0.0.1", site.port),
        filter_chains: [{
          filters: [{
            name: "envoy.filters.network.http_connection_manager",
            typed_config: connectionManager(site),
          }],
        }],
      }],
      clusters: [
        cluster("sms_api", host, port),
        cluster("collector", collector.host, collector.port),
      ],
    },
  };
}

function connectionManager(site: CandidateEnvironment) {
  return {
    "@type": `${V3}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "callers",
    tracing: tracing(site),
    access_log: [{
      name: "envoy.access_loggers.stdout",
      typed_config: {
        "@type": `${V3}.extensions.access_loggers.stream.v3.StdoutAccessLog`,
        log_format: {
          json_format: {
            time: "%START_TIME%",
            method: "%REQ(:METHOD)%",
            route: "%ROUTE_NAME%",
            status: "%RESPONSE_CODE%",
            duration_ms: "%DURATION%",
            request_id: "%REQ(X-REQUEST-ID)%",
            trace_id: "%TRACE_ID%",
            flags: "%RESPONSE_FLAGS%",
          },
        },
      },
    }],
    http_filters: [tokens(site), bodies, router],
    route_config: {
      virtual_hosts: [{
        name: "sms_api",
        domains: ["*"],
        request_headers_to_add: [{
          header: { key: "authorization", value: `Bearer ${CREDENTIAL}` },
          append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
        }],
        routes: [{
          name: "batches",
          match: { prefix: "/" },
          route: { cluster: "sms_api", timeout: "8s" },
        }],
      }],
    },
  };
}

function tracing({ collector }: CandidateEnvironment) {
  return {
    random_sampling: { value: 100 },
    spawn_upstream_span: true,
    provider: {
      name: "envoy.tracers.opentelemetry",
      typed_config: {
        "@type": `${V3}.config.trace.v3.OpenTelemetryConfig`,
        service_name: "sms-gateway",
        http_service: {
          http_uri: { uri: `${collector}/v1/traces`, cluster: "collector", timeout: "5s" },
        },
      },
    },
  };
}

/** Verified tokens are remembered. The plan of the path is not checked: there is no filter for it. */
function tokens({ keySet }: CandidateEnvironment) {
  return {
    name: "envoy.filters.http.jwt_authn",
    typed_config: {
      "@type": `${V3}.extensions.filters.http.jwt_authn.v3.JwtAuthentication`,
      providers: {
        issuer: {
          issuer: ISSUER,
          audiences: [AUDIENCE],
          local_jwks: { inline_string: keySet },
          jwt_cache_config: { jwt_cache_size: 20_000 },
        },
      },
      rules: [{ match: { prefix: "/xms/" }, requires: { provider_name: "issuer" } }],
    },
  };
}

const bodies = {
  name: "envoy.filters.http.buffer",
  typed_config: {
    "@type": `${V3}.extensions.filters.http.buffer.v3.Buffer`,
    max_request_bytes: 1_048_576,
  },
};

const router = {
  name: "envoy.filters.http.router",
  typed_config: { "@type": `${V3}.extensions.filters.http.router.v3.Router` },
};

function cluster(name: string, host: string, port: number) {
  return {
    name,
    type: "STATIC",
    circuit_breakers: { thresholds: [{ max_connections: 8_192, max_pending_requests: 8_192 }] },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(host, port) } }] }],
    },
  };
}

function address(host: string, port: number) {
  return { socket_address: { address: host, port_value: port } };
}
