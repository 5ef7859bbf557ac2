/** Members of a request body whose values are the message, or words of its sender's own. */
const PRIVATE_MEMBERS: ReadonlySet<string> = new Set([
  "body",
  "client_reference",
  "parameters",
  "callback_url",
  "name",
]);

/** Query values that tell nothing of anybody: small numbers and times. */
const PUBLIC_VALUE = /^(\d{1,6}|\d{4}-\d\d-\d\d[\dT:.Z+-]*)$/;

/** A request of which an answer must not quote everything. */
export interface PrivateRequest {
  readonly body?: Uint8Array | null;
  readonly rawPath?: string;
  readonly rawQuery?: string;
}

/** What of a request must not be quoted, decoded. */
export interface PrivateParts {
  readonly texts: readonly string[];
  readonly numbers: readonly string[];
}

/** The private texts and the phone numbers of a request. */
export function privateParts({ body, rawPath = "", rawQuery = "" }: PrivateRequest): PrivateParts {
  const values = rawQuery.split("&").map((pair) => decoded(pair.slice(pair.indexOf("=") + 1)));
  const found = [
    ...new Set([
      ...textsOfBody(body),
      ...rawPath.split("/").map(decoded).filter(isNumber),
      ...values.flatMap((value) => [value, ...value.split(",")]),
    ]),
  ];
  return {
    texts: found.filter((text) => !isNumber(text) && !PUBLIC_VALUE.test(text) && text !== ""),
    numbers: found.filter(isNumber),
  };
}

function textsOfBody(body: Uint8Array | null | undefined): string[] {
  if (!body) return [];
  const text = new TextDecoder().decode(body);
  try {
    return textsOf(JSON.parse(text), false);
  } catch {
    // Quoted to show what is wrong with it: then all of it is private, value by value.
    const strings = [...text.matchAll(/"((?:[^"\\]|\\.)*)(?:("\s*:)|"|$)/g)];
    const values = strings.flatMap(([, value = "", isName]) => isName ? [] : unescaped(value));
    return [text, ...values, ...text.match(/\d{7,15}/g) ?? []];
  }
}

function unescaped(value: string): string {
  try {
    return JSON.parse(`"${value}"`);
  } catch {
    return value;
  }
}

/** The strings of a private value; of any other only the phone numbers, names of members too. */
function textsOf(value: unknown, isPrivate: boolean): string[] {
  if (typeof value === "string" || typeof value === "number") {
    const text = String(value);
    return isPrivate || isNumber(text) ? [text] : [];
  }
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item) => textsOf(item, isPrivate));
  return Object.entries(value).flatMap(([name, item]) => [
    ...textsOf(name, false),
    ...textsOf(item, isPrivate || PRIVATE_MEMBERS.has(name)),
  ]);
}

function isNumber(text: string): boolean {
  return /^[\d\s().+/-]+$/.test(text) && /^\d{7,15}$/.test(digitsOf(text)) &&
    !PUBLIC_VALUE.test(text);
}

/** The digits of a number, without what groups them. */
export function digitsOf(text: string): string {
  return text.replace(/\D/g, "");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " ")).trim();
  } catch {
    return text;
  }
}
