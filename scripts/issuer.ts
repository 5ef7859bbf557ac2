/**
 * A token issuer for demos only: `/token` authenticates nobody. Serves its key set at `/jwks.json`, a
 * token for the demo's service plan at `/token`, and a token endpoint at `/oauth2/token`.
 */
import { demoIssuer, PLAN } from "./demo_issuer.ts";

const { jwks, token, tokenEndpoint } = await demoIssuer();

/** Path → handler. */
const HANDLERS: Readonly<Record<string, (request: Request) => Response | Promise<Response>>> = {
  "/jwks.json": () => Response.json(jwks),
  "/token": async () => new Response(await token()),
  "/oauth2/token": tokenEndpoint,
};

const port = Number(Deno.env.get("ISSUER_PORT") || "8091");
const server = Deno.serve({ port, hostname: "0.0.0.0", onListen() {} }, (request) => {
  const handler = HANDLERS[new URL(request.url).pathname];
  return handler ? handler(request) : new Response(null, { status: 404 });
});
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => server.shutdown());
}
// deno-lint-ignore no-console -- a command-line program
console.log(`Send an SMS to the sandbox, then see its trace at http://localhost:16686:

curl -i http://localhost:8080/xms/v1/${PLAN}/batches \\
  -H "Authorization: Bearer $(curl -s http://localhost:${port}/token)" \\
  -H 'Content-Type: application/json' \\
  -d '{"from":"12345","to":["+46701234567"],"body":"Hello from the sandbox"}'
`);
