import type { ClaimPath, IssuerSettings } from "../issuer_settings.ts";

/** The value at a path of a token's claims; undefined if a member is missing. */
export function claimAt(claims: object, path: ClaimPath): unknown {
  if (typeof path !== "string") return memberAt(claims, path);
  return ownMember(claims, path) ?? memberAt(claims, path.split("."));
}

/** The service plans that a token names; values of other types are ignored. */
export function servicePlansOf(
  claims: object,
  { plansClaim, plansPrefix, plansMap }: IssuerSettings,
): readonly string[] {
  const names = textsOf(claimAt(claims, plansClaim))
    .filter((text) => text.startsWith(plansPrefix) && text !== plansPrefix)
    .map((text) => text.slice(plansPrefix.length));
  return plansMap ? [...new Set(names.flatMap((name) => plansMap.get(name) ?? []))] : names;
}

/** Whether a claim is one of these values, or a list with one of them. */
export function hasOneOf(claims: object, path: ClaimPath, expected: readonly string[]): boolean {
  const value = claimAt(claims, path);
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.some((each) => typeof each === "string" && expected.includes(each));
}

/** An array's strings, or the words of a string, such as `scope` (RFC 6749 §3.3). */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") return value.split(" ").filter((word) => word !== "");
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

function memberAt(claims: object, names: readonly string[]): unknown {
  return names.reduce<unknown>(ownMember, claims);
}

/** Only own members count, so that no name reaches what JavaScript gives to every object. */
function ownMember(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}
