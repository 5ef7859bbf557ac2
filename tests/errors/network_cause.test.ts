import { assertEquals } from "@std/assert";
import { networkCause } from "../../errors/network_cause.ts";

const coded = (code: string, message = "m") => Object.assign(new Error(message), { code });

const ERRORS: readonly [error: unknown, cause: string | undefined][] = [
  [coded("ENOTFOUND"), "host name not resolved"],
  [coded("ECONNREFUSED"), "connection refused"],
  [coded("UND_ERR_CONNECT_TIMEOUT"), "timeout"],
  [coded("ERR_TLS_CERT_ALTNAME_INVALID"), "TLS certificate is for another host name"],
  [coded("CERT_HAS_EXPIRED"), "TLS certificate has expired"],
  [coded("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "TLS certificate not trusted, or expired"],
  [coded("SELF_SIGNED_CERT_IN_CHAIN"), "TLS certificate not trusted"],
  [new TypeError("invalid peer certificate: UnknownIssuer"), "TLS certificate not trusted"],
  [new TypeError("invalid peer certificate: Expired"), "TLS certificate has expired"],
  [
    new TypeError("invalid peer certificate: NotValidForName"),
    "TLS certificate is for another host name",
  ],
  [new Error("outer", { cause: coded("ECONNRESET") }), "connection broken"],
  [new Error("https://timed-out.test/ said so"), undefined],
  ["a string", undefined],
];

for (const [error, cause] of ERRORS) {
  Deno.test(`${Deno.inspect(error).split("\n")[0]} has the network cause ${cause ?? "undefined"}`, () => {
    assertEquals(networkCause(error), cause);
  });
}
