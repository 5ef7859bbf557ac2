import { OPERATIONS } from "../../operations.ts";
import { rawPathOf } from "../../raw_url.ts";
import { CredentialFilter } from "../../upstream/credential_filter.ts";
import { requestHeaders, responseHeaders } from "../../upstream/headers.ts";
import { upstreamPath } from "../../upstream/path.ts";

const url = "http://gateway.example:8080/xms/v1/bench/batches?page=0&page_size=30";
const [sendBatch] = OPERATIONS;

const caller = new Headers({
  authorization: "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl",
  accept: "application/json",
  "content-type": "application/json",
  "content-length": "200",
  "user-agent": "sinch-sdk/1.4.0",
  cookie: "session=1",
  "x-forwarded-for": "192.0.2.1",
});

const reply = [
  ["content-type", "application/json"],
  ["content-length", "350"],
  ["date", "Fri, 02 Jan 2026 09:34:28 GMT"],
  ["connection", "keep-alive"],
  ["server", "upstream"],
  ["set-cookie", "a=b"],
] as const;

Deno.bench("raw path of a URL", () => {
  rawPathOf(url);
});

Deno.bench("headers for the upstream", () => {
  requestHeaders(caller);
});

const filter = new CredentialFilter(["a-credential-of-the-usual-length"]);

Deno.bench("headers for the caller", () => {
  responseHeaders(reply, filter);
});

Deno.bench("path for the upstream", () => {
  upstreamPath(sendBatch, "/xms/v1/bench/batches", "page=0&page_size=30");
});
