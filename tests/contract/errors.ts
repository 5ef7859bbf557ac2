import { assert, assertEquals } from "@std/assert";

/** The expected status, and optionally code, of an error. */
export interface ExpectedError {
  readonly status: number;
  /** Default: any code. */
  readonly code?: string;
  readonly origin?: "gateway" | "upstream";
}

/** Fails unless an answer is an error by contract.md §2; returns its text. */
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
  const isInUse = code === "idempotency_key_in_use";
  const saysWhen = [429, 503].includes(response.status) || isInUse;
  assertEquals(response.headers.has("retry-after"), saysWhen, body);
  return text;
}
