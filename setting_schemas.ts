import * as v from "valibot";
import { policiesSchema } from "./policies/policy.ts";
import { hasRepeatedMember } from "./policies/repeated_members.ts";
import { stateUrlProblem } from "./state_url.ts";

/** Signature algorithms that can be configured; no symmetric ones, and not `none`. */
export const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;

/** Maximum delay of a timer, in ms (a signed 32-bit integer). */
export const MAX_TIMER_MS = 2_147_483_647;

/** A decimal integer in a range. */
export const integer = (min: number, max: number) =>
  v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number), v.minValue(min), v.maxValue(max));

/** A duration in ms that a timer can wait. */
export const milliseconds = integer(1, MAX_TIMER_MS);

/** An http(s) URL without credentials or fragment. */
export const httpUrl = v.pipe(v.string(), v.check(isPlainHttpUrl));

/** An http(s) URL without credentials, query or fragment; trailing slashes are removed. */
export const baseUrl = v.pipe(
  httpUrl,
  v.check((url) => !url.includes("?")),
  v.transform(withoutTrailingSlashes),
);

/** The fault of an object with two members of one name, of which JSON.parse would take the last. */
export const REPEATED_MEMBER = "has a member twice: write each member once";

/** Names that `v.record` skips, since assigning them could change what every object has. */
export const RESERVED_NAMES = ["__proto__", "constructor", "prototype"] as const;

/** Whether no object in a value of JSON has a member with one of {@linkcode RESERVED_NAMES}. */
export function hasNoReservedName(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return !RESERVED_NAMES.some((name) => Object.hasOwn(value, name)) &&
    Object.values(value).every(hasNoReservedName);
}

/** The value of a JSON text, without members that would be dropped silently. */
export const json = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      const value: unknown = JSON.parse(dataset.value);
      if (!hasRepeatedMember(dataset.value)) return value;
      addIssue({ message: REPEATED_MEMBER });
    } catch {
      addIssue();
    }
    return NEVER;
  }),
  v.check(hasNoReservedName),
);

/** Where state is kept. */
export const stateUrl = v.pipe(v.string(), v.check((url) => !stateUrlProblem(url)));

/** A list `name=value,…` with percent-encoded values (W3C Baggage, as OpenTelemetry takes it). */
export const attributeList = v.pipe(
  v.string(),
  v.rawTransform<string, Record<string, string>>(({ dataset, addIssue, NEVER }) => {
    const pairs = dataset.value.split(",").filter((pair) => pair.trim() !== "").map(toPair);
    const valid = pairs.filter((pair) => pair !== undefined);
    if (valid.length === pairs.length) return Object.fromEntries(valid);
    addIssue();
    return NEVER;
  }),
);

function toPair(text: string): [name: string, value: string] | undefined {
  const [, name = "", value = ""] = /^\s*([!-~]+?)\s*=\s*(.*?)\s*$/.exec(text) ?? [];
  try {
    return name ? [name, decodeURIComponent(value)] : undefined;
  } catch {
    return undefined; // an invalid escape
  }
}

/** Headers as an {@linkcode attributeList}; names and values must be valid (RFC 9110 §5). */
export const otlpHeaders = v.pipe(
  attributeList,
  v.check((headers) =>
    Object.entries(headers).every(([name, value]) =>
      /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && /^[\x20-\x7e]*$/.test(value)
    )
  ),
);

/** Most names in a list of names: each can add an attribute to every span. */
const MAX_NAMES = 16;

/** Names that must not be recorded: their values authenticate a caller, or are keys. */
const SECRET_NAME =
  /(?:^|[-_.])auth(?:$|[-_.]|oriz|entic)|token|secret|cookie|passw|credential|signature|api-?key|idempotency-?key|^dpop$/i;

/** Attributes of the gateway itself, which a caller must not set. */
const OWN_ATTRIBUTE =
  /^(?:http|url|server|client|network|error|exception|user_agent|enduser|sms_gateway)\b/i;

/** A comma-separated list of tokens (RFC 9110 §5.6.2). */
const nameList = v.pipe(
  v.string(),
  v.transform((list) => list.split(",").map((name) => name.trim()).filter(Boolean)),
  v.array(v.pipe(v.string(), v.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/))),
  v.maxLength(MAX_NAMES),
);

/** A {@linkcode nameList} of baggage members that may be recorded. */
export const recordedBaggage = v.pipe(
  nameList,
  v.check((names) => !names.some((name) => SECRET_NAME.test(name) || OWN_ATTRIBUTE.test(name))),
);

/** A {@linkcode nameList} of headers that may be recorded, in lower case. */
export const recordedHeaders = v.pipe(
  nameList,
  v.transform((names) => names.map((name) => name.toLowerCase())),
  v.check((names) => !names.some((name) => SECRET_NAME.test(name))),
);

/** Certificates or a key in PEM (RFC 7468). */
export const pem = v.pipe(v.string(), v.regex(/^-----BEGIN [A-Z ]+-----/m));

/** The URL of a proxy; it may have a user and a password, but no path. */
export const proxyUrl = v.pipe(
  v.string(),
  v.check((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)),
);

/** Certificates in PEM. */
export const certificatePem = v.pipe(v.string(), v.check(isPem("CERTIFICATE")));

/** A private key in PEM: PKCS #8, or the older forms of RSA and EC keys. */
export const privateKeyPem = v.pipe(v.string(), v.check(isPem("(?:RSA |EC )?PRIVATE KEY")));

function isPem(label: string): (text: string) => boolean {
  const block = new RegExp(`-----BEGIN ${label}-----[\\sA-Za-z0-9+/=]+-----END ${label}-----`);
  return (text) => block.test(text);
}

/** A string that is not blank. */
export const notBlank = v.pipe(v.string(), v.regex(/\S/));

/** A token that can be sent in a header: visible ASCII. */
export const headerToken = v.pipe(v.string(), v.regex(/^[\x21-\x7e]+$/));

/** A service plan id. */
export const planId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,128}$/));

/** OAuth 2.0 client credentials. HTTP Basic (RFC 7617 §2) allows no colon in the id. */
const keyPair = v.strictObject({
  key_id: v.pipe(headerToken, v.check((id) => !id.includes(":"))),
  key_secret: headerToken,
});

/** A JSON object: service plan id → API token, or project id → client credentials. */
export const servicePlans = v.pipe(
  json,
  v.record(planId, v.union([headerToken, keyPair])),
  v.check((plans) => Object.keys(plans).length > 0),
);

/** What callers may send, as JSON. */
export const policies = v.pipe(json, policiesSchema);

/** A public key with the members that its type requires (RFC 7518 §6, RFC 8037 §2). */
const publicKey = v.pipe(
  v.variant("kty", [
    v.looseObject({ kty: v.literal("RSA"), n: v.string(), e: v.string() }),
    v.looseObject({ kty: v.literal("EC"), crv: v.string(), x: v.string(), y: v.string() }),
    v.looseObject({ kty: v.literal("OKP"), crv: v.string(), x: v.string() }),
  ]),
  v.check((key) => !("d" in key)),
);

/** A JSON Web Key Set with public keys only (RFC 7517 §5). */
export const keySetObject = v.object({ keys: v.pipe(v.array(publicKey), v.minLength(1)) });

/** The JSON text of a {@linkcode keySetObject}. */
export const keySet = v.pipe(json, keySetObject);

/**
 * Parameters that may be added to a token request: they say what the token is for. Credentials must
 * come from the client, or everybody would get tokens.
 */
export const TOKEN_PARAMETERS = ["audience", "resource", "scope"] as const;

/** A form of {@linkcode TOKEN_PARAMETERS}, as name and value. */
export const tokenParameters = v.pipe(
  v.string(),
  v.transform((form) => [...new URLSearchParams(form)]),
  v.array(v.tuple([v.picklist(TOKEN_PARAMETERS), v.pipe(v.string(), v.minLength(1))])),
  v.minLength(1),
);

/** A comma-separated list of {@linkcode ALGORITHMS}. */
export const algorithms = v.pipe(
  v.string(),
  v.transform((list) => list.split(",").map((name) => name.trim())),
  v.array(v.picklist(ALGORITHMS)),
);

/** Without a regular expression, which would backtrack at every slash of the URL. */
function withoutTrailingSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === "/") end--;
  return url.slice(0, end);
}

/** Whether a text is an http(s) URL without credentials and fragment. */
export function isPlainHttpUrl(text: string): boolean {
  // URL accepts blanks, and hides an empty fragment; both would break a path that is appended.
  if (/[\s#]/.test(text) || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && !username && !password;
}
