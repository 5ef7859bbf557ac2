import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { privateParts, type PrivateRequest } from "../../upstream/private_parts.ts";
import { KnownSecrets } from "../../upstream/quotations.ts";
import { redact } from "../../upstream/redact.ts";

const NUMBERS: readonly [text: string, safe: string][] = [
  ["Invalid MSISDN: 46701234567.", "Invalid MSISDN: [number ending in 567]."],
  ["+46701234567 is bad", "[number ending in 567] is bad"],
  ["+46 70 123 45 67", "[number ending in 567]"],
  ["+1 (202) 555-0199", "[number ending in 199]"],
  ["+1-202-555-0199", "[number ending in 199]"],
  ["to[0]=46701234567", "to[0]=[number ending in 567]"],
  ["'46701234567','46701234568'", "'[number ending in 567]','[number ending in 568]'"],
  ["46701234567,46701234568", "[number ending in 567],[number ending in 568]"],
  ["(46701234567)", "([number ending in 567])"],
];

for (const [text, safe] of NUMBERS) {
  Deno.test(`"${text}" is shown as "${safe}"`, () => assertEquals(redact(text, []), safe));
}

const KEPT = [
  "At most 1600 characters; this one has 123456.",
  "The group 01FC66621VHDBN119Z8PMV1QPU is unknown.",
  "2019-08-24T14:15:22.123Z is in the past",
  "batch 9dfn32n423kljklj234",
  "No resource /xms/v1/demo-plan/batches/01FC66621VHDBN119Z8PMV1QPU/delivery_report",
  "syntax_invalid_parameter_format of conflict_group_name, internationalization and X-Request-Id",
  "id 3f2504e0-4f89-11d3-9a0c-0305e82c3301, sha 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
  "Expected at most 1000 recipients, got 1001.",
  "",
];

for (const text of KEPT) {
  Deno.test(`"${text}" is shown as it is`, () => assertEquals(redact(text, []), text));
}

Deno.test("tokens are never shown, whole or cut", () => {
  const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl-_x";
  assertEquals(redact(`bad token ${token}!`, []), "bad token [redacted]!");
  assertEquals(redact(`Bearer ${token.slice(0, 30)}`, []), "Bearer [redacted]");
});

Deno.test("a secret is removed wherever it stands, unless it is too short to be told from words", () => {
  assertEquals(redact("a hunter2 and xhunter2y", ["hunter2"]), "a [redacted] and x[redacted]y");
  assertEquals(redact("an hour", ["an", ""]), "an hour");
  assertEquals(redact("a $& b (.*) c", ["(.*)"]), "a $& b [redacted] c");
});

/** What an upstream may make of a message when it quotes it. */
const MESSAGE = 'Your "code" is\n4711 & <valid> für 10 minutes, Łukasz';

const SPELLINGS: readonly [name: string, quoted: string][] = [
  ["as it is", MESSAGE],
  ["on one line", MESSAGE.replace("\n", " ")],
  ["in JSON", JSON.stringify({ body: MESSAGE })],
  ["in JSON in JSON", JSON.stringify(JSON.stringify({ body: MESSAGE }))],
  [
    "in JSON of ASCII",
    String.raw`Your \"code\" is\n4711 & <valid> f\u00fcr 10 minutes, \u0141ukasz`,
  ],
  ["in a URL", encodeURIComponent(MESSAGE)],
  ["in a form", new URLSearchParams({ body: MESSAGE }).toString()],
  ["in HTML", "Your &quot;code&quot; is 4711 &amp; &lt;valid&gt; für 10 minutes, Łukasz"],
  ["in Base64", Buffer.from(MESSAGE).toString("base64")],
  ["in Base64 for URLs", Buffer.from(`{"body":"${MESSAGE}"}`).toString("base64url")],
  ["from its beginning", MESSAGE.slice(0, 20)],
  ["from its middle", `…${MESSAGE.slice(10, 40)}…`],
  ["twice", MESSAGE + MESSAGE],
];

for (const [name, quoted] of SPELLINGS) {
  Deno.test(`a message that is quoted ${name} is removed`, () => {
    const safe = redact(`Bad body: ${quoted} (400)`, [MESSAGE]);
    assertMatch(safe, /^Bad body: .*\[redacted\].* \(400\)$/);
    assertNotMatch(safe, /code|4711|valid|minutes|ukasz|WW91ci|Im1pbnV/);
  });
}

Deno.test("every run of 16 characters of a secret is removed, and fewer are not", () => {
  const secret = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (let from = 0; from + 16 <= secret.length; from++) {
    for (let to = from + 15; to <= Math.min(secret.length, from + 18); to++) {
      const part = secret.slice(from, to);
      const shown = part.length < 16 ? part : "[redacted]";
      assertEquals(redact(`<${part}> !`, [secret]), `<${shown}> !`);
    }
  }
});

Deno.test("a secret that is shorter than a quotation is removed as a whole only", () => {
  assertEquals(redact("is Hello, and Hell", ["Hello"]), "is [redacted], and Hell");
});

Deno.test("where there is too much to look for nothing is said at all", () => {
  assertEquals(redact("A harmless text.", ["x".repeat(200_000)]), "");
});

Deno.test("a text is looked through in time, whatever it is and whatever is looked for", () => {
  const startedAt = performance.now();
  for (
    const text of ["x".repeat(4_096), "ab".repeat(2_048), "1 ".repeat(2_048), "1%20".repeat(1_024)]
  ) {
    redact(text, ["x".repeat(100_000), ...Array(1_000).fill("abababababababababab")], ["1111111"]);
    redact(text, Array.from({ length: 10_000 }, (_, index) => `value ${index}`));
  }
  assert(performance.now() - startedAt < 3_000);
});

/** The spellings of a recipient of the request; most show no number to whoever does not know it. */
const OWN_NUMBER = [
  "46701234567",
  "+46701234567",
  "%2B46701234567",
  "0046701234567",
  "46 70 123 45 67",
  "070-123 45 67",
  "(070) 1234567",
  "070.123.45.67",
  "tel:+46-70-123-45-67",
  "%2B46%2070%20123%2045%2067",
  "x46701234567y",
  "u002b46701234567",
];

for (const spelling of OWN_NUMBER) {
  Deno.test(`a recipient that is quoted as ${spelling} is removed but for its end`, () => {
    const safe = redact(`To ${spelling} at 10:15`, [], ["+46701234567"]);
    assertMatch(safe, /^To .*\[number ending in 567\].* at 10:15$/);
    assertNotMatch(safe, /123/);
  });
}

Deno.test("a time or an amount is no number of the request", () => {
  const text = "2019-08-24T14:15:22.123Z, 1600 of 1601 characters, 100 000 000 bytes";
  assertEquals(redact(text, [], ["+46701234567"]), text);
});

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** What of a request is private. */
const PARTS: readonly [
  name: string,
  request: PrivateRequest,
  texts: string[],
  numbers: string[],
][] = [
  [
    "a message",
    {
      body: encode({
        from: "ACME",
        to: ["+46701234567", "01FC66621VHDBN119Z8PMV1QPU"],
        body: "message",
        type: "mt_text",
        client_reference: "reference",
        parameters: { name: { "46701234568": "Ada", default: "you", list: ["deep"] } },
        callback_url: "https://x.test/?key",
        send_at: "2030-01-02",
      }),
    },
    ["message", "reference", "Ada", "you", "deep", "https://x.test/?key"],
    ["+46701234567", "46701234568"],
  ],
  [
    "a media message",
    { body: encode({ body: { url: "u", message: "m" }, to: 46701234567 }) },
    ["u", "m"],
    ["46701234567"],
  ],
  ["a group", { body: encode({ name: "friends", members: ["46701234567"] }) }, ["friends"], [
    "46701234567",
  ]],
  [
    "a path",
    { rawPath: "/xms/v1/plan-1/batches/01ABC/delivery_report/%2B46701234567" },
    [],
    ["+46701234567"],
  ],
  [
    "a query",
    {
      rawQuery:
        "page=2&start_date=2030-01-02T10:11:12Z&to=4670123456,46701234568&client_reference=a%20b+c&bad=%zz",
    },
    ["4670123456,46701234568", "a b c", "%zz"],
    ["4670123456", "46701234568"],
  ],
  ["nothing", {}, [], []],
];

for (const [name, request, texts, numbers] of PARTS) {
  Deno.test(`the private texts and numbers of ${name} are found`, () => {
    assertEquals(privateParts(request), { texts, numbers });
  });
}

Deno.test("of a body that is broken JSON everything is private, value by value", () => {
  const text = '{"to":["46701234567"],"body":"a \\"message\\"","client_reference":"open';
  const { texts, numbers } = privateParts({ body: new TextEncoder().encode(text) });
  assertEquals(texts, [text, 'a "message"', "open"]);
  assertEquals(numbers, ["46701234567"]);
});

Deno.test("what is no JSON object has no private texts", () => {
  for (const body of ["", "null", "[]", "7", '"x"']) {
    const parts = privateParts({ body: new TextEncoder().encode(body) });
    assertEquals(parts, { texts: [], numbers: [] }, body);
  }
  assertEquals(privateParts({ body: null }), { texts: [], numbers: [] });
});

/** Texts that quote one of the two secrets: whole, in part, in another spelling. */
const QUOTING_SECRETS: readonly string[] = [
  "refused tok en, and a-long-credential-of-plan-7",
  "refused tok%20en",
  "refused ong-credential-of-pl…",
];

for (const text of QUOTING_SECRETS) {
  Deno.test(`secrets known beforehand are removed as others are: ${text}`, () => {
    const secrets = ["tok en", "a-long-credential-of-plan-7"];
    const safe = redact(text, [], [], new KnownSecrets(secrets));
    assertEquals(safe, redact(text, secrets));
    assertNotMatch(safe, /tok|credential/);
  });
}
