import { GatewayError } from "../../errors/gateway_error.ts";
import { toFailure, toResponse } from "../../errors/to_response.ts";
import { normalize } from "../../upstream/normalize.ts";
import { CredentialFilter } from "../../upstream/credential_filter.ts";

/** Formats of error responses of an upstream (contract.md §3). */
const REPLIES = {
  documented: [403, '{"code":"unknown_group","text":"No such group: 01FC66621XXXXX119Z8PMV1QPQ"}'],
  "with an error object": [400, '{"error":{"code":400,"message":"Bad","status":"INVALID"}}'],
  "RFC 9457": [400, '{"type":"about:blank","title":"Bad","detail":"No such thing","status":400}'],
  "an HTML page": [400, `<html><body>${"<p>Bad gateway</p>".repeat(100)}</body></html>`],
  "64 KiB that are not JSON": [400, "x".repeat(65_536)],
} as const satisfies Record<string, readonly [status: number, body: string]>;

const filter = new CredentialFilter(["a-credential-of-the-usual-length"]);
const options = {
  method: "POST",
  allow: ["GET", "POST"],
  clean: (text: string) => filter.clean(text),
};

for (const [name, [status, body]] of Object.entries(REPLIES)) {
  const headers = [["content-type", "application/json"]] as const;
  const reply = { status, headers, bytes: new TextEncoder().encode(body) };
  Deno.bench(`normalize ${name}`, { group: "upstream error" }, () => {
    normalize(reply, options);
  });
}

const thrown = new GatewayError("unsupported_media_type");

Deno.bench("throw and catch a GatewayError", { group: "own error" }, () => {
  try {
    throw new GatewayError("unsupported_media_type");
  } catch {
    // only the cost is measured
  }
});

Deno.bench("turn a GatewayError into a Response", { group: "own error" }, () => {
  toResponse(toFailure(thrown, { sent: false }), "id");
});
