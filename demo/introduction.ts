import { TRACES } from "./paths.ts";

/** Where an OpenTelemetry collector, such as Jaeger, listens by default. */
export const DEFAULT_COLLECTOR = "http://localhost:4318";

/** Options of {@linkcode introduction}. */
export interface IntroductionOptions {
  /** Base URL of the gateway. */
  url: string;
  /** The service plan, and a token for it. */
  plan: string;
  token: string;
  /** The client that gets tokens from the issuer. */
  client: { id: string; secret: string };
  /** Deadline of requests to the SMS API, in ms. */
  timeoutMs: number;
  /** Where spans are exported to; undefined: nowhere. */
  collector: string | undefined;
}

/** What the demo prints at its start: where it listens, and commands to paste. */
export function introduction(options: IntroductionOptions): string {
  const { url, plan, token, client, timeoutMs, collector } = options;
  return `
SMS gateway   ${url}   (in front of a sandbox SMS API: nothing is really sent)
Traces        ${
    collector
      ? `${collector}   (Jaeger shows them at http://localhost:16686), and ${url}${TRACES}`
      : `${url}${TRACES}   (OTLP_ENDPOINT=${DEFAULT_COLLECTOR} sends them to Jaeger as well)`
  }

Paste this first:
export SMS=${url}/xms/v1/${plan} TOKEN=${token}

Send an SMS (201). Paste it twice: the second answer has the same id, and nothing is sent:
${send("", { key: "order-1" })}

With delivery reports (201): within 3 s two callbacks reach the demo's service, and ${url}${TRACES}
shows them linked to the trace of the send, until the message is delivered:
${send("", { report: true })}

An unknown group (403 unknown_group, refused by the API):
${send("", { to: "01FC66621VHDBN119Z8PMV1QPU" })}

A satellite phone (403 destination_not_allowed, refused by the policy of the demo):
${send("", { to: "+881612345678" })}

Without the media type of JSON (415, refused by the gateway):
${send("", { type: "text/plain" })}

The API down (503, nothing was processed, so it may be repeated):
${send("?sandbox_status=503")}

The API too slow (504: was it sent?). Paste it twice: the gateway finds out (201), and sends nothing:
${send(`?sandbox_delay_ms=${2 * timeoutMs}`, { key: "order-2" })}

A token from the issuer, through the gateway, as an SDK in OAuth mode gets it (200):
curl -i ${url}/oauth2/token -u ${client.id}:${client.secret} -d grant_type=client_credentials

What was sent (200), each message once:
curl -i $SMS/batches -H "Authorization: Bearer $TOKEN"

Reference of all operations, with samples and forms that have plan and token filled in: ${url}/

Ctrl-C stops the demo. Requests:
`;
}

/** Options of {@linkcode send}. */
interface SendOptions {
  to?: string;
  type?: string;
  /** The idempotency key, and the reference by which the message can be found. */
  key?: string;
  /** Whether each change of the message is reported. */
  report?: boolean;
}

/** A curl command that sends a message. */
function send(
  query: string,
  { to = "+46701234567", type = "application/json", key, report }: SendOptions = {},
): string {
  const message = {
    from: "12345",
    to: [to],
    body: "Hello",
    client_reference: key,
    ...report && { delivery_report: "per_recipient" },
  };
  const url = query ? `"$SMS/batches${query}"` : "$SMS/batches";
  const keyHeader = key ? `-H 'Idempotency-Key: ${key}' ` : "";
  return `curl -i ${url} -H "Authorization: Bearer $TOKEN" -H 'Content-Type: ${type}' ` +
    `${keyHeader}-d '${JSON.stringify(message)}'`;
}
