/**
 * What names, codes and messages of runtimes say → the cause in our words. Deno's fetch has only
 * messages, Node and undici have codes, Workers say little. The first that matches counts.
 */
const CAUSES: readonly [said: RegExp, cause: string][] = [
  [/TimeoutError|timed out|ETIMEDOUT|CONNECT_TIMEOUT/i, "timeout"],
  [/dns error|ENOTFOUND|EAI_AGAIN|DNS lookup/i, "host name not resolved"],
  [/ECONNREFUSED|connection refused/i, "connection refused"],
  [/ALTNAME_INVALID|NotValidForName/i, "TLS certificate is for another host name"],
  [/CERT_HAS_EXPIRED|certificate: Expired/i, "TLS certificate has expired"],
  // Deno's node:tls says this of an expired certificate, too.
  [/UNABLE_TO_VERIFY_LEAF_SIGNATURE/i, "TLS certificate not trusted, or expired"],
  [/certificate|UnknownIssuer|CERT_|SELF_SIGNED|UNABLE_TO_/i, "TLS certificate not trusted"],
  [/corrupt message|ERR_SSL|TLS|handshake/i, "TLS handshake failed"],
  [/EHOSTUNREACH|ENETUNREACH|unreachable/i, "no route to the host"],
  [/EMFILE|ENFILE|Too many open files/i, "no file descriptor left"],
  [
    /ECONNRESET|EPIPE|UND_ERR_SOCKET|reset|closed|broken pipe|connection lost/i,
    "connection broken",
  ],
  [/HPE_|invalid HTTP/i, "answer is not HTTP"],
];

/** Deeper chains of causes are not followed: none of a runtime is as long. */
const MAX_DEPTH = 5;

/**
 * Why an exchange over the network failed, in a few fixed words that quote nothing; undefined where
 * the error and its causes do not tell.
 */
export function networkCause(error: unknown): string | undefined {
  const said = saidBy(error);
  return CAUSES.find(([pattern]) => pattern.test(said))?.[1];
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
