import { assertEquals } from "@std/assert";
import { toMsisdn, toNumber, toSender } from "../../policies/msisdn.ts";

Deno.test("msisdn returns the digits of every notation that the API accepts, and undefined for any other", () => {
  const cases: [input: string, digits: string | undefined][] = [
    ["12025550142", "12025550142"],
    ["+12025550142", "12025550142"],
    ["0012025550142", "12025550142"],
    ["+1 (202) 555-0142", "12025550142"],
    ["00 46 [70] 123 45 67", "46701234567"],
    ["123456789", "123456789"],
    ["", undefined],
    ["+", undefined],
    ["12345", undefined], // the area code is missing
    ["0701234567", undefined], // national format
    ["1234567890123456", undefined], // longer than E.164 allows
    ["++12025550142", undefined],
    ["1202555o142", undefined],
    ["12025550142;", undefined],
  ];
  for (const [input, digits] of cases) assertEquals(toMsisdn(input), digits, input);
});

Deno.test("a sender is a number, a short code or up to 11 characters", () => {
  const cases: [input: string, sender: string | undefined][] = [
    ["+12025550199", "12025550199"],
    ["54321", "54321"],
    ["Sinch", "Sinch"],
    ["My Shop 24", "My Shop 24"],
    ["ABCDEFGHIJK", "ABCDEFGHIJK"],
    ["ABCDEFGHIJKL", undefined],
    ["", undefined],
    ["12", undefined],
    ["Zoë", undefined],
  ];
  for (const [input, sender] of cases) assertEquals(toSender(input), sender, input);
  assertEquals(toNumber("54321"), "54321");
  assertEquals(toNumber("Sinch"), undefined);
});
