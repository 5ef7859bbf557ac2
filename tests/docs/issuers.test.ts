import { assert, assertEquals, assertRejects } from "@std/assert";
import { Issuers } from "../../auth/issuers.ts";
import { staticKeySet } from "../../auth/key_set.ts";
import { AuthRefusal } from "../../errors/auth_refusal.ts";
import { parseConfig } from "../../config.ts";
import { ISSUER_MEMBERS } from "../../issuer_settings.ts";
import { SignJWT } from "jose";
import { testIssuer } from "../support/issuer.ts";

const PAGE = await Deno.readTextFile(new URL("../../docs/issuers.md", import.meta.url));

/** A recipe of the page. */
interface Recipe {
  readonly name: string;
  /** The entry of AUTH_ISSUERS, as it stands on the page. */
  readonly entry: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

const RECIPES: readonly Recipe[] = PAGE.split(/^### /m).slice(1).map((section) => {
  const block = (kind: string) =>
    new RegExp(`^\`\`\`json ${kind}\n(.*?)^\`\`\``, "ms").exec(section)?.[1] ?? "";
  return {
    name: section.split("\n", 1)[0] ?? "",
    entry: block("issuer"),
    claims: JSON.parse(block("claims")),
  };
});

/** Header and key of a token, by issuer: some set no type, some keys have no `alg`. */
const HEADERS: Readonly<Record<string, { typ?: string }>> = {
  "Keycloak": { typ: "JWT" },
  "Microsoft Entra ID": { typ: "JWT" },
  "Auth0": { typ: "JWT" },
  "Okta": {},
  "Amazon Cognito": {},
  "Kubernetes service accounts": {},
};

const signer = await testIssuer("RS256", "key-1");
const jwks = { keys: signer.jwks.keys.map(({ alg: _, ...key }) => key) };

/** The issuers of all recipes, as one gateway has them. */
const { auth } = parseConfig({
  SERVICE_PLANS: '{"plan-1":"x"}',
  AUTH_ISSUERS: `[${RECIPES.map(({ entry }) => entry).join()}]`,
});
const issuers = new Issuers(auth.issuers, {
  clockToleranceS: 0,
  createKeySet: () => staticKeySet(jwks),
});

function tokenOf({ name, claims }: Recipe, changes: Record<string, unknown> = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  return new SignJWT({ iat: now, exp: now + 300, ...claims, ...changes })
    .setProtectedHeader({ alg: "RS256", kid: "key-1", ...HEADERS[name] })
    .sign(signer.privateKey);
}

Deno.test("docs/issuers.md has a recipe for each of these issuers", () => {
  assertEquals(RECIPES.map(({ name }) => name), Object.keys(HEADERS));
});

for (const recipe of RECIPES) {
  Deno.test(`a token of ${recipe.name} names its plans with the configuration of docs/issuers.md`, async () => {
    const principal = await issuers.verify(await tokenOf(recipe));
    assertEquals(principal.servicePlans, ["plan-1"]);
    assertEquals(principal.subject, recipe.claims.sub);
  });

  Deno.test(`a token of ${recipe.name} for another audience is refused`, async () => {
    const audience = "aud" in recipe.claims ? "aud" : "client_id";
    const token = await tokenOf(recipe, { [audience]: "another" });
    const refusal = await assertRejects(() => issuers.verify(token), AuthRefusal);
    assertEquals(refusal.reason, "audience");
  });
}

Deno.test("an ID token of Cognito is refused, though its aud is the id of an app client", async () => {
  const cognito = RECIPES.find(({ name }) => name === "Amazon Cognito");
  assert(cognito);
  const { client_id } = cognito.claims;
  const token = await tokenOf(cognito, { client_id: undefined, aud: client_id, token_use: "id" });
  assertEquals((await assertRejects(() => issuers.verify(token), AuthRefusal)).reason, "audience");
});

Deno.test("a service account that plans_map does not have gets no plan", async () => {
  const kubernetes = RECIPES.find(({ name }) => name.startsWith("Kubernetes"));
  assert(kubernetes);
  for (const account of ["billing:other", "plan-1", "billing:sender:x", "constructor"]) {
    const token = await tokenOf(kubernetes, { sub: `system:serviceaccount:${account}` });
    assertEquals((await issuers.verify(token)).servicePlans, []);
  }
});

Deno.test("docs/issuers.md lists every member of an issuer, and no other", () => {
  const listed = [...PAGE.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name = ""]) => name);
  assertEquals(listed.toSorted(), ISSUER_MEMBERS.toSorted());
});
