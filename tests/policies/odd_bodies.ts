import fc from "fast-check";

/** Digits of numbers in Sweden, Germany, the United States and of no country. */
const NUMBERS = ["46701234567", "4915112345678", "12025550123", "881612345678", "0701234567"];

const ARABIC_ZERO = 0x660, FULL_WIDTH_ZERO = 0xff10;

/** A phone number in a usual or an odd spelling. */
const number = fc.tuple(
  fc.constantFrom("46701234567", "46701234567", "46701234567", ...NUMBERS),
  fc.constantFrom(
    "",
    "+",
    "00",
    "",
    "+",
    "00",
    "",
    "+",
    "00",
    "+00",
    "++",
    "+ ",
    " +",
    "\ufeff+",
    "＋",
    "tel:+",
  ),
  fc.array(
    fc.tuple(
      fc.nat({ max: 12 }),
      fc.constantFrom(...[..." -()[]{}\u00a0\t\n -()  - -()", ".", "/", "\u200b"]),
    ),
    { maxLength: 2 },
  ),
  fc.constantFrom<(digits: string) => string>(
    ...Array<(digits: string) => string>(12).fill((digits) => digits),
    (digits) => inScript(digits, ARABIC_ZERO),
    (digits) => inScript(digits, FULL_WIDTH_ZERO),
    (digits) => digits.slice(0, 6),
    (digits) => digits + digits,
  ),
).map(([digits, prefix, separators, spell]) =>
  prefix +
  separators.reduce((text, [at, one]) => text.slice(0, at) + one + text.slice(at), spell(digits))
);

function inScript(digits: string, zero: number): string {
  return digits.replace(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)));
}

/** A string as JSON, with some characters written as escapes. */
function quoted(text: string, isEscaped: boolean): string {
  const json = JSON.stringify(text);
  if (!isEscaped) return json;
  const escape = (c: string) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return json.replace(/[a-z0-9]/, escape);
}

/** The JSON of an entry of `to`. */
const entry = (groups: readonly string[]) =>
  fc.oneof(
    { weight: 20, arbitrary: fc.tuple(number, fc.boolean()).map(([text, on]) => quoted(text, on)) },
    { weight: 2, arbitrary: fc.constantFrom(...NUMBERS.slice(0, 4)) },
    {
      weight: 6,
      arbitrary: fc.tuple(fc.constantFrom(...groups), fc.boolean())
        .map(([id, on]) => quoted(id, on)),
    },
    number.map((text) => `[${JSON.stringify(text)}]`),
    number.map((text) => `{"msisdn":${JSON.stringify(text)}}`),
    fc.constantFrom("null", "true", '""', "4.6701234567e10", "46701234567.0", "-46701234567"),
  );

const list = (groups: readonly string[]) =>
  fc.oneof(
    { weight: 20, arbitrary: fc.array(entry(groups), { maxLength: 3 }).map((all) => `[${all}]`) },
    entry(groups),
    fc.array(entry(groups), { maxLength: 2 }).map((all) => `[[${all}]]`),
  );

const name = fc.constantFrom(
  ...Array<string>(20).fill('"to"'),
  ...[
    '"to"',
    '"to"',
    '"to"',
    '"t\\u006f"',
    '"\\u0074o"',
    '"To"',
    '"to_add"',
    '"to "',
    '"to\\u0000"',
  ],
);

/** A member that names recipients, or hides some from a careless reader. */
const member = (groups: readonly string[]) =>
  fc.oneof(
    {
      weight: 16,
      arbitrary: fc.tuple(name, list(groups)).map(([key, value]) => `${key}:${value}`),
    },
    list(groups).map((value) => `"__proto__":{"to":${value}}`),
    list(groups).map((value) => `"constructor":{"to":${value}}`),
    list(groups).map((value) => `"parameters":{"to":{"default":"x"}},"x":{"to":${value}}`),
    fc.constantFrom('"client_reference":"\\"to\\":[]"', '"from":"A\\\\"', '"body":"again"'),
  );

const blank = fc.constantFrom("", " ", "\n\t", "\r\n");

/** The text of a send, valid for the most part. */
const text = (groups: readonly string[]) =>
  fc.tuple(
    fc.oneof(
      { weight: 3, arbitrary: fc.tuple(member(groups)) },
      fc.array(member(groups), { minLength: 2, maxLength: 3 }),
    ),
    blank,
    blank,
  )
    .map(([members, before, after]) =>
      `${before}{${before}"body":"Hi",${members.join(`,${after}`)}${after}}${after}`
    );

/** What is done to a text before it is sent. */
const damage = fc.constantFrom<(text: string) => string>(
  ...Array<(text: string) => string>(30).fill((text) => text),
  (text) => `\ufeff${text}`,
  (text) => `${text}{"to":["4915112345678"]}`,
  (text) => `${text}//`,
  (text) => `[${text}]`,
  (text) => text.slice(0, -1),
  (text) => text.replaceAll('"', "'"),
  (text) => text.replace("}", ",}"),
);

const encoding = fc.constantFrom<(text: string) => Uint8Array>(
  ...Array<(text: string) => Uint8Array>(20).fill((text) => new TextEncoder().encode(text)),
  (text) => utf16(text),
  (text) => utf16(`\ufeff${text}`),
  (text) => Uint8Array.from(text, (c) => c.charCodeAt(0)), // Latin-1
);

function utf16(text: string): Uint8Array {
  return Uint8Array.from([...text].flatMap((c) => [c.charCodeAt(0) & 0xff, c.charCodeAt(0) >> 8]));
}

/** Bodies of sends that try to hide a recipient: odd numbers, members, texts and encodings. */
export function oddBodies(groups: readonly string[]): fc.Arbitrary<Uint8Array> {
  return fc.tuple(text(groups), damage, encoding).map(([text, spoil, encode]) =>
    encode(spoil(text))
  );
}
