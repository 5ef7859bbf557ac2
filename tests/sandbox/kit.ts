import { createSandbox, type Sandbox, type SandboxOptions } from "../../sandbox/app.ts";

/** The start time of {@link testSandbox}'s clock. */
export const START = "2026-03-01T12:00:00.000Z";

/** A fictional phone number for each digit. */
export const number = (digit: number) => `1202555012${digit}`;

// deno-lint-ignore no-explicit-any -- tests read members of any JSON answer
export type Json = any;

export interface Answer {
  status: number;
  headers: Headers;
  body: Json;
}

export interface TestSandbox {
  sandbox: Sandbox;
  /** Calls the API of plan `plan` with its token; `path` is relative to the plan. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Advances the sandbox's clock. */
  tick(ms: number): void;
  /** The sandbox's time plus `ms`, as text. */
  at(ms: number): string;
}

/** A sandbox in memory with a fake clock and predictable identifiers. */
export function testSandbox(options: Partial<SandboxOptions> = {}): TestSandbox {
  let nowMs = Date.parse(START);
  let ids = 0;
  const sandbox = createSandbox({
    servicePlans: { plan: "token", other: "secret" },
    now: () => nowMs,
    newId: () => `ID${String(++ids).padStart(8, "0")}`,
    ...options,
  });
  return {
    sandbox,
    call: (method, path, body) =>
      request(sandbox, `/xms/v1/plan${path}`, { method, ...jsonBody(body) }),
    tick: (ms) => void (nowMs += ms),
    at: (ms) => new Date(nowMs + ms).toISOString(),
  };
}

/** Sends a request to the sandbox, by default with the token of plan `plan`. */
export async function request(
  sandbox: Sandbox,
  path: string,
  init: RequestInit = {},
): Promise<Answer> {
  const headers = new Headers(init.headers);
  if (!headers.has("authorization")) headers.set("authorization", "Bearer token");
  const response = await sandbox.app.request(path, { ...init, headers });
  const text = await response.text();
  const json = response.headers.get("content-type")?.includes("json") && text !== "";
  return {
    status: response.status,
    headers: response.headers,
    body: json ? JSON.parse(text) : text,
  };
}

function jsonBody(body: unknown): RequestInit {
  if (body === undefined) return {};
  return { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
}
