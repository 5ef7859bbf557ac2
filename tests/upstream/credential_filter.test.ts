import { assertEquals } from "@std/assert";
import { CredentialFilter, REMOVED } from "../../upstream/credential_filter.ts";

const LONG = "b1946ac92492d2347c6235b4d2611184";
const WITH_SIGNS = "a+b/c=d+e/f=g+h/i=";
const SHORT = "hunter2";
const filter = new CredentialFilter([LONG, WITH_SIGNS, SHORT]);

/** Text of the upstream → the text without credentials. */
const CLEANED: readonly [name: string, text: string, clean: string][] = [
  ["a whole credential", `token ${LONG} is invalid`, `token ${REMOVED} is invalid`],
  ["two credentials", `${LONG}, ${SHORT}!`, `${REMOVED}, ${REMOVED}!`],
  ["a credential twice in a row", LONG + LONG, REMOVED],
  ["the first half of a credential", `token ${LONG.slice(0, 16)}…`, `token ${REMOVED}…`],
  ["a part of a credential", `token …${LONG.slice(7, 25)}…`, `token …${REMOVED}…`],
  [
    "a percent-encoded credential",
    `?key=${encodeURIComponent(WITH_SIGNS)}&x=1`,
    `?key=${REMOVED}&x=1`,
  ],
  ["a credential in Base64", `(${btoa(`ab ${LONG} cd`)})`, `(YWIg${REMOVED}ODQgY2Q=)`],
  ["fewer characters than a part", `token ${LONG.slice(0, 15)}…`, `token ${LONG.slice(0, 15)}…`],
  ["no credential", "Illegal MSISDN: +12025550121", "Illegal MSISDN: +12025550121"],
  ["no characters", "", ""],
];

for (const [name, text, clean] of CLEANED) {
  Deno.test(`from a text with ${name} only the credential is removed`, () => {
    assertEquals(filter.clean(text), clean);
    assertEquals(filter.matches(text), text !== clean);
  });
}

Deno.test("a very short credential is not removed, as it may be an ordinary word", () => {
  assertEquals(new CredentialFilter(["a"]).clean("a banana"), "a banana");
});
