/**
 * Pattern for names, codes and messages of the runtimes' errors → cause. Deno's fetch has only
 * messages; Node and undici have codes. The first match counts.
 */
const CAUSES: readonly [pattern: RegExp, cause: string][] = [
  [/Proxy response \(407\)/, "proxy refuses the gateway's credentials"],
  [/Proxy response/, "proxy does not connect to the host"],
  [/proxy closed/i, "connection to the proxy broken"],
  [/TimeoutError|timed out|ETIMEDOUT|CONNECT_TIMEOUT/i, "timeout"],
  [/dns error|ENOTFOUND|EAI_AGAIN|DNS lookup/i, "host name not resolved"],
  [/ECONNREFUSED|connection refused/i, "connection refused"],
  [/ALTNAME_INVALID|NotValidForName/i, "TLS certificate is for another host name"],
  [/CERT_HAS_EXPIRED|certificate: Expired/i, "TLS certificate has expired"],
  // Deno's node:tls has this code for an expired certificate, too.
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

/** Maximum depth of the chain of causes; those of the runtimes are shorter. */
const MAX_DEPTH = 5;

/**
 * Why an exchange over the network failed, as one of a few fixed phrases that quote nothing of the
 * error. Undefined if neither the error nor its causes tell.
 */
export function networkCause(error: unknown): string | undefined {
  const description = describe(error);
  return CAUSES.find(([pattern]) => pattern.test(description))?.[1];
}

/**
 * Names, codes and messages of an error and its causes; without URLs, which could match by chance.
 */
function describe(error: unknown): string {
  const words: string[] = [];
  let cause = error;
  for (let depth = 0; depth < MAX_DEPTH && cause instanceof Error; depth++) {
    words.push(cause.name, "code" in cause ? String(cause.code) : "", cause.message);
    cause = cause.cause;
  }
  return words.join(" ").replaceAll(/\bhttps?:\/\/[^\s)]*/g, "");
}
