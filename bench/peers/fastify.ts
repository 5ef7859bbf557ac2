import type { Candidate } from "../candidate.ts";
import { AUDIENCE, ISSUER } from "../tokens.ts";
import { COMPLETE_PEER, CREDENTIAL, publicKeyPem } from "./peer.ts";

const SCRIPT = new URL("../node/fastify_complete.cjs", import.meta.url).pathname;

/** A gateway as one would write it with Fastify and its plugins. */
export const fastify: Candidate = {
  ...COMPLETE_PEER,
  title: "Fastify: tokens (cached), 2 spans, log, metrics",
  needs: ["node"],
  spansPerRequest: 2,
  command: ({ port, upstream, collector, folder }) => ({
    program: "node",
    args: [
      SCRIPT,
      String(port),
      upstream,
      collector,
      `${folder}/issuer.pem`,
      ISSUER,
      AUDIENCE,
      CREDENTIAL,
    ],
  }),
  files: ({ keySet }) => ({ "issuer.pem": publicKeyPem(keySet) }),
};
