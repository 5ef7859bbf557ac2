import * as v from "valibot";
import { ALGORITHMS, httpUrl, isPlainHttpUrl, json, keySetObject } from "./setting_schemas.ts";
import { notBlank, planId } from "./setting_schemas.ts";

/**
 * Where a token has a value: the name of a claim, or the names of members from the outermost to the
 * innermost. In a text with dots, each part is the name of a member, unless a claim has the whole
 * text as its name (`https://example.com/plans`).
 */
export type ClaimPath = string | readonly string[];

/** Where an issuer's keys come from: a URL, its metadata, or the settings. */
export type KeySource =
  | { readonly url: string }
  | { readonly discovery: true }
  | { readonly jwks: { keys: { kty: string }[] } };

/** Which tokens of an issuer are accepted, and what they say. */
export interface IssuerSettings {
  /** The `iss` that tokens must have, character by character. */
  readonly issuer: string;
  /** A token must have one of these audiences. */
  readonly audiences: readonly string[];
  /** The claim with the audience; `aud` but for issuers whose access tokens have none. */
  readonly audienceClaim: ClaimPath;
  /** Accepted signature algorithms (JWA names); `EdDSA` and `Ed25519` are the same. */
  readonly algorithms: readonly string[];
  /** The claim with the service plans: an array of strings, or a string with spaces between. */
  readonly plansClaim: ClaimPath;
  /** Only values with this prefix are service plans; it is removed. */
  readonly plansPrefix: string;
  /** Value of that claim, without the prefix → service plans. Absent: the value is the plan. */
  readonly plansMap?: ReadonlyMap<string, readonly string[]>;
  readonly keySet: KeySource;
}

/** Maximum number of issuers: each may have a key set of 1 MiB, and metrics of its own. */
export const MAX_ISSUERS = 32;

/** What AUTH_ISSUERS has to be, for error messages. */
export const ISSUERS_FORM =
  `a JSON array of 1 to ${MAX_ISSUERS} objects with different issuers, each with issuer and audiences, and perhaps jwks_url or jwks, algorithms, audience_claim, plans_claim, plans_prefix, plans_map (docs/issuers.md)`;

const claimPath = v.union([
  v.pipe(v.string(), v.minLength(1)),
  v.pipe(v.array(v.string()), v.minLength(1)),
]);

const members = v.strictObject({
  issuer: notBlank,
  audiences: v.pipe(v.array(notBlank), v.minLength(1)),
  audience_claim: v.optional(claimPath),
  jwks_url: v.optional(httpUrl),
  jwks: v.optional(keySetObject),
  algorithms: v.optional(v.pipe(v.array(v.picklist(ALGORITHMS)), v.minLength(1))),
  plans_claim: v.optional(claimPath),
  plans_prefix: v.optional(v.string()),
  plans_map: v.optional(v.record(v.string(), v.array(planId))),
});

/** The names of all members that an entry of AUTH_ISSUERS may have. */
export const ISSUER_MEMBERS: readonly string[] = Object.keys(members.entries);

const entry = v.pipe(
  members,
  v.check(({ jwks_url, jwks }) => jwks_url === undefined || jwks === undefined),
  v.check(({ issuer, jwks_url, jwks }) => {
    return jwks_url !== undefined || jwks !== undefined || isPlainHttpUrl(issuer);
  }),
);

/** An entry of AUTH_ISSUERS. */
export type IssuerEntry = v.InferOutput<typeof entry>;

/** AUTH_ISSUERS: a JSON array. */
export const issuerList = v.pipe(
  json,
  v.array(entry),
  v.minLength(1),
  v.maxLength(MAX_ISSUERS),
  v.check((entries) => new Set(entries.map(({ issuer }) => issuer)).size === entries.length),
);

/** Adds to an entry what it leaves out. */
export function issuerSettings(
  entry: IssuerEntry,
  defaults: Pick<IssuerSettings, "algorithms" | "plansClaim">,
): IssuerSettings {
  const { issuer, audiences, plans_map: plansMap } = entry;
  return {
    issuer,
    audiences,
    audienceClaim: entry.audience_claim ?? "aud",
    algorithms: entry.algorithms ?? defaults.algorithms,
    plansClaim: entry.plans_claim ?? defaults.plansClaim,
    plansPrefix: entry.plans_prefix ?? "",
    ...plansMap && { plansMap: new Map(Object.entries(plansMap)) },
    keySet: keySourceOf(entry),
  };
}

function keySourceOf({ jwks, jwks_url: url }: IssuerEntry): KeySource {
  if (jwks) return { jwks };
  return url === undefined ? { discovery: true } : { url };
}
