import { assertEquals } from "@std/assert";
import { SmsCallbackWebhooks } from "@sinch/sdk-core";
import { isSignedWith, signCallback } from "../../callbacks/signature.ts";
import { signatureHeaders } from "../support/callback_signing.ts";
import { recipientReport, SECRET } from "./kit.ts";

const encoder = new TextEncoder();

/** Body → signature, with the secret, nonce and timestamp that the tests of the SDKs share. */
const PARTS = { nonce: "01J0000NONCE", timestamp: "1717661857" };
const VECTORS: readonly (readonly [body: string, signature: string])[] = [
  ['{"type":"mo_text","id":"01","body":"Hi"}', "6/Y1o/0eu/pkVoejA4jLflKScrAdnCh+RK+G7CpywyA="],
  [
    '{"type":"mo_text","id":"01","body":"Grüße 👋"}',
    "HMLFEN2h6ozC3hilkhThF9V4jJZ3OjnftpEDCgNT92o=",
  ],
  ["", "OufsgtGFM6Ms24VZawPfc4XEpEgMIFazM/Nd6jW361U="],
];

Deno.test("the signature of a callback is the one that the Node SDK accepts", () => {
  const verifier = new SmsCallbackWebhooks(SECRET);
  for (const [body, signature] of VECTORS) {
    assertEquals(signCallback(SECRET, encoder.encode(body), PARTS), signature);
    const headers = signatureHeaders(SECRET, encoder.encode(body), PARTS);
    assertEquals(verifier.validateAuthenticationHeader(headers, body, "", ""), true, body);
    assertEquals(verifier.validateAuthenticationHeader(headers, `${body} `, "", ""), false, body);
    assertEquals(isSignedWith([SECRET], encoder.encode(body), { ...PARTS, signature }), true);
  }
});

Deno.test("a signature is accepted with any of the secrets, and with no other", () => {
  const body = encoder.encode(JSON.stringify(recipientReport("01")));
  const given = { ...PARTS, signature: signCallback("new", body, PARTS) };
  assertEquals(isSignedWith(["old", "new"], body, given), true);
  assertEquals(isSignedWith(["new"], body, given), true);
  assertEquals(isSignedWith(["old"], body, given), false);
  assertEquals(isSignedWith([], body, given), false);
});

Deno.test("a signature covers every byte of body, nonce and timestamp", () => {
  const body = encoder.encode("{}");
  const signature = signCallback(SECRET, body, PARTS);
  const isSigned = (changes: Partial<typeof PARTS & { signature: string }>, bytes = body) =>
    isSignedWith([SECRET], bytes, { ...PARTS, signature, ...changes });
  assertEquals(isSigned({}), true);
  assertEquals(isSigned({}, encoder.encode("{} ")), false);
  assertEquals(isSigned({ nonce: "01J0000NONCF" }), false);
  assertEquals(isSigned({ timestamp: "1717661858" }), false);
  assertEquals(isSigned({ signature: signature.slice(0, -1) }), false);
  assertEquals(isSigned({ signature: "" }), false);
  // Bytes that are not UTF-8 are not replaced by others before they are compared.
  const invalid = new Uint8Array([0xff]);
  const ofInvalid = signCallback(SECRET, invalid, PARTS);
  assertEquals(isSigned({ signature: ofInvalid }, invalid), true);
  assertEquals(isSigned({ signature: ofInvalid }, new Uint8Array([0xfe])), false);
});
