import { createPublicKey } from "node:crypto";

/** The credential that a complete proxy puts in place of the caller's token. */
export const CREDENTIAL = "bench-secret";

/** What complete peers have in common; what they lack is in their title. */
export const COMPLETE_PEER = {
  ready: "/ready",
  load: "one",
  fixedRate: false,
  refusesTokens: true,
  logsRequests: true,
} as const;

/** Host and port of an address such as `127.0.0.1:8080`. */
export function hostAndPort(address: string): { host: string; port: number } {
  const [host = "", port = ""] = address.split(":");
  return { host, port: Number(port) };
}

/** The first key of a key set, in PEM. */
export function publicKeyPem(keySet: string): string {
  const { keys: [key] } = JSON.parse(keySet);
  return String(createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "pem" }));
}
