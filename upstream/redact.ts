/** A JSON Web Token, or what looks like one. */
const TOKEN = /\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?/g;

/** A phone number: seven to fifteen digits (E.164), perhaps grouped after a `+`. */
const PHONE_NUMBER = /(?<![\w.-])(?:\+\d[\d ().-]{5,20}\d|\d{7,15})(?![\w-])/g;

/** Members of a request body whose values are the message, or its sender's own reference. */
const PRIVATE_MEMBERS: ReadonlySet<string> = new Set(["body", "client_reference", "parameters"]);

/** Shorter values would be found within ordinary words. */
const MIN_PRIVATE_LENGTH = 4;

/**
 * A text of the upstream without what no response may hold (contract.md §4): tokens, phone
 * numbers (the last three digits stay, so that a caller finds the recipient), and the
 * message itself where the upstream quotes it.
 *
 * @param secrets values to remove wherever they stand, such as the credential that was used
 */
export function redact(text: string, secrets: readonly string[]): string {
  let safe = text;
  for (const secret of secrets) {
    if (secret.length >= MIN_PRIVATE_LENGTH) safe = safe.replaceAll(secret, "[redacted]");
  }
  return safe.replace(TOKEN, "[redacted]").replace(
    PHONE_NUMBER,
    (number) => `[number ending in ${number.replace(/\D/g, "").slice(-3)}]`,
  );
}

/** The texts of a JSON request body that are private: the message, parameters, references. */
export function privateTexts(body: Uint8Array | null | undefined): string[] {
  if (!body) return [];
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(body));
    if (typeof parsed !== "object" || parsed === null) return [];
    return Object.entries(parsed).filter(([name]) => PRIVATE_MEMBERS.has(name))
      .flatMap(([, value]) => textsOf(value));
  } catch {
    return [];
  }
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}
