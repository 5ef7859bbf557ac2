import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import parse, { getCountries, getExampleNumber } from "libphonenumber-js/max";
import examples from "libphonenumber-js/mobile/examples";
import metadata from "libphonenumber-js/min/metadata";
import { COUNTRY_CODES } from "../../policies/countries.ts";
import { countryOf } from "../../policies/country_of.ts";

/** Calling codes of several countries. */
const SHARED = Object.entries(metadata.country_calling_codes)
  .filter(([, countries]) => countries.length > 1).map(([code]) => code);

Deno.test("the countries of policies are those that libphonenumber-js knows", () => {
  assertEquals([...COUNTRY_CODES].sort(), getCountries().sort());
});

Deno.test("a mobile number of every country belongs to it, or to the first of those that share it", () => {
  const mobile = getCountries().map((country) => getExampleNumber(country, examples));
  assert(mobile.length === 245);
  for (const number of mobile) {
    if (!number) continue;
    assertEquals(countryOf(number.number.slice(1)), parse(number.number)?.country, number.number);
  }
});

Deno.test("numbers of shared calling codes have the country that libphonenumber-js with full metadata finds", () => {
  const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 5, maxLength: 11 })
    .map((all) => all.join(""));
  // The first digits of real numbers, so that most of them are valid.
  const start = fc.constantFrom(
    ...["201", "212", "416", "604", "800", "900", "268", "787", "520", "77", "79", "3", "06698"],
    ...["7911", "7624", "7797", "7509", "2", "18", "4", "5", "69", "59", "6", "1534", "9"],
  );
  let certain = 0;
  fc.assert(
    fc.property(fc.constantFrom(...SHARED), fc.oneof(start, fc.constant("")), digits, (c, s, d) => {
      const number = (c + s + d).slice(0, 15);
      const parsed = parse(`+${number}`);
      // The library drops a national prefix (+44 0 …); the SMS API reads the digits as they are.
      if (parsed?.nationalNumber !== number.slice(c.length)) return;
      const country = countryOf(number);
      if (country) certain++;
      assertEquals(country, parsed.country, number);
    }),
    { numRuns: 5_000 },
  );
  assert(certain > 500, `${certain}`);
});

Deno.test("a number whose country is not certain has none", () => {
  const uncertain = {
    "satellite": "881612345678",
    "Iridium": "8816123456",
    "international networks": "882161234567",
    "iNum": "883510001234567",
    "international freephone": "80012345678",
    "premium rate": "979123456789",
    "an area code of no country of +1": "12225550101",
    "too short for +1": "1202555",
    "too long for +1": "120255501012",
    "neither Russia nor Kazakhstan": "71234567",
    "no calling code": "2101234567",
    "zeros": "0001234567",
  };
  for (const [what, number] of Object.entries(uncertain)) {
    assertEquals(countryOf(number), undefined, what);
  }
});

Deno.test("a calling code of one country tells it, whatever follows", () => {
  assertEquals([countryOf("46701234567"), countryOf("4670123"), countryOf("460701234567")], [
    "SE",
    "SE",
    "SE",
  ]);
});
