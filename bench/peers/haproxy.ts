import type { Candidate } from "../candidate.ts";
import { AUDIENCE, ISSUER } from "../tokens.ts";
import { COMPLETE_PEER, CREDENTIAL, publicKeyPem } from "./peer.ts";

const LOG_FORMAT = JSON.stringify({
  method: "%HM",
  status: "%ST",
  duration_ms: "%Ta",
  state: "%ts",
  request_id: "%ID",
});

/** HAProxy, which verifies every token anew and makes no spans. */
export const haproxy: Candidate = {
  ...COMPLETE_PEER,
  title: "HAProxy: tokens, log; no spans",
  needs: ["haproxy"],
  spansPerRequest: 0,
  command: ({ folder }) => ({ program: "haproxy", args: ["-f", `${folder}/haproxy.cfg`] }),
  files: ({ port, upstream, folder, keySet }) => ({
    "issuer.pem": publicKeyPem(keySet),
    "haproxy.cfg": `
global
  nbthread 1
  maxconn 8192
  log stdout format raw local0
defaults
  mode http
  log global
  timeout client 1m
  timeout server 8s
  timeout connect 5s
  http-reuse always
  unique-id-format %{+X}o%ci%cp%fi%fp%Ts%rt%pid
  log-format ${
      LOG_FORMAT.replaceAll(/(["{}\[\] ])/g, "\\$1").replaceAll("\\{", "{").replaceAll("\\}", "}")
    }
frontend callers
  bind 127.0.0.1:${port} backlog 8192
  acl is_api path_beg /xms/
  http-request set-var(txn.bearer) http_auth_bearer if is_api
  http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg') if is_api
  http-request set-var(txn.iss) var(txn.bearer),jwt_payload_query('$.iss') if is_api
  http-request set-var(txn.aud) var(txn.bearer),jwt_payload_query('$.aud') if is_api
  http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int') if is_api
  http-request set-var(txn.now) date() if is_api
  acl is_signed var(txn.bearer),jwt_verify(txn.alg,"${folder}/issuer.pem") -m int 1
  http-request deny deny_status 401 if is_api !{ var(txn.alg) -m str RS256 }
  http-request deny deny_status 401 if is_api !{ var(txn.iss) -m str ${ISSUER} }
  http-request deny deny_status 401 if is_api !{ var(txn.aud) -m str ${AUDIENCE} }
  http-request deny deny_status 401 if is_api { var(txn.exp),sub(txn.now) -m int lt 0 }
  http-request deny deny_status 401 if is_api !is_signed
  http-request set-header Authorization "Bearer ${CREDENTIAL}"
  default_backend sms_api
backend sms_api
  server sms_api ${upstream}
`,
  }),
};
