import { errors } from "jose";
import { KeySetDownloadError } from "./key_set_download.ts";

/**
 * What names and messages of runtimes say → the cause in our words. Deno only has messages, Node
 * has codes, Workers say little.
 */
const CAUSES: readonly [said: RegExp, cause: string][] = [
  [/TimeoutError|timed out|ETIMEDOUT|CONNECT_TIMEOUT/i, "timeout"],
  [/dns error|ENOTFOUND|EAI_AGAIN|DNS lookup/i, "host name not resolved"],
  [/ECONNREFUSED|connection refused/i, "connection refused"],
  [/certificate|UnknownIssuer|CERT_|SELF_SIGNED|UNABLE_TO_/i, "TLS certificate not accepted"],
  [/corrupt message|ERR_SSL|TLS|handshake/i, "TLS handshake failed"],
  [/EHOSTUNREACH|ENETUNREACH|unreachable/i, "no route to the host"],
  [/ECONNRESET|UND_ERR_SOCKET|reset|closed|broken pipe|connection lost/i, "connection broken"],
  [/HPE_|invalid HTTP/i, "answer is not HTTP"],
];

/** Deeper chains of causes are not followed: none of a runtime is as long. */
const MAX_DEPTH = 5;

/** Why a key set was not fetched, in a few words; quotes neither the URL nor the answer. */
export function fetchFailure(error: unknown): string {
  if (error instanceof KeySetDownloadError) return error.message;
  if (error instanceof SyntaxError) return "answer is not JSON";
  if (error instanceof errors.JWKSInvalid) return "answer is not a JSON Web Key Set";
  const said = saidBy(error);
  return CAUSES.find(([pattern]) => pattern.test(said))?.[1] ?? "no answer";
}

/** Names, codes and messages of an error and its causes, without URLs, whose words are not theirs. */
function saidBy(error: unknown): string {
  const words: string[] = [];
  let cause = error;
  for (let depth = 0; depth < MAX_DEPTH && cause instanceof Error; depth++) {
    words.push(cause.name, "code" in cause ? String(cause.code) : "", cause.message);
    cause = cause.cause;
  }
  return words.join(" ").replaceAll(/\bhttps?:\/\/[^\s)]*/g, "");
}
