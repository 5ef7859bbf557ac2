import { assert, assertEquals } from "@std/assert";

/** What an error must be beside its shape. */
export interface ExpectedError {
  readonly status: number;
  /** Where it is given, the code. */
  readonly code?: string;
  readonly origin?: "gateway" | "upstream";
}

/** Checks that an answer is an error as contract.md §2 has it, and hands out its text. */
export async function assertError(response: Response, expected: ExpectedError): Promise<string> {
  const body = await response.text();
  assertEquals(response.status, expected.status, body);
  if (expected.origin) assertEquals(response.headers.get("x-error-origin"), expected.origin, body);
  assert(/^(gateway|upstream)$/.test(response.headers.get("x-error-origin") ?? ""));
  if (response.status === 404) {
    assertEquals([body, response.headers.get("content-length")], ["", "0"]);
    return "";
  }
  assert(response.headers.get("content-type")?.startsWith("application/json"));
  const { code, text, ...more } = JSON.parse(body);
  assert(typeof code === "string" && code !== "", body);
  assert(typeof text === "string" && text !== "", body);
  assertEquals(more, {});
  if (expected.code) assertEquals(code, expected.code, body);
  assertEquals(response.headers.has("retry-after"), [429, 503].includes(response.status), body);
  return text;
}
