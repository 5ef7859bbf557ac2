/** Runs the sandbox as a process: reads the environment, listens, stops on a signal. */

import * as v from "valibot";
import { createSandbox } from "./app.ts";
import { CallbackUrl } from "../schemas/common.ts";
import { serveSandbox } from "./serve.ts";

const ServicePlans = v.pipe(
  v.record(v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]+$/)), v.pipe(v.string(), v.minLength(1))),
  v.check((plans) => Object.keys(plans).length > 0),
);

const AccessKeys = v.record(v.string(), v.pipe(v.string(), v.minLength(1)));
const CallbackUrls = v.record(v.string(), CallbackUrl);
const CallbackSecrets = v.record(v.string(), v.pipe(v.string(), v.minLength(1)));

/** A variable whose value is JSON that `schema` parses; `example` is for the error message. */
function json<T>(schema: v.GenericSchema<unknown, T>, example: string) {
  return v.pipe(
    v.string(),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      const result = v.safeParse(schema, jsonOf(dataset.value));
      if (result.success) return result.output;
      addIssue({ message: `expected a JSON object such as ${example}` });
      return NEVER;
    }),
  );
}

const Variables = v.object({
  SANDBOX_PORT: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,5}$/, "expected a port, 0 to 65535"),
      v.transform(Number),
      v.maxValue(65_535, "expected a port, 0 to 65535"),
    ),
    "8090",
  ),
  SANDBOX_HOST: v.optional(v.pipe(v.string(), v.minLength(1, "expected a host")), "127.0.0.1"),
  SERVICE_PLANS: v.optional(json(ServicePlans, '{"plan":"token"}'), '{"demo-plan":"demo-token"}'),
  SANDBOX_ACCESS_KEYS: v.optional(json(AccessKeys, '{"key-id":"key-secret"}')),
  SANDBOX_TOKEN_LIFETIME_S: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[1-9]\d{0,6}$/, "expected a whole number of seconds from 1 to 9999999"),
      v.transform(Number),
    ),
    "3600",
  ),
  SANDBOX_CALLBACK_URLS: v.optional(json(CallbackUrls, '{"plan":"https://…"}'), "{}"),
  SANDBOX_SEND_CALLBACKS: v.optional(v.picklist(["on", "off"], "expected on or off"), "off"),
  SANDBOX_CALLBACK_SECRETS: v.optional(json(CallbackSecrets, '{"plan":"secret"}'), "{}"),
  SANDBOX_CALLBACK_SPEED: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[1-9]\d{0,6}$/, "expected a whole number from 1 to 9999999"),
      v.transform(Number),
    ),
    "1",
  ),
});

const Environment = v.pipe(
  Variables,
  v.forward(
    v.check(
      ({ SERVICE_PLANS, SANDBOX_CALLBACK_URLS }) =>
        Object.keys(SANDBOX_CALLBACK_URLS).every((plan) => Object.hasOwn(SERVICE_PLANS, plan)),
      "expected only plans of SERVICE_PLANS",
    ),
    ["SANDBOX_CALLBACK_URLS"],
  ),
);

if (import.meta.main) await main();

async function main(): Promise<void> {
  const environment = v.safeParse(Environment, Deno.env.toObject());
  if (!environment.success) {
    const problems = environment.issues.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`);
    return fail(`The sandbox cannot start: ${problems.join("; ")}`);
  }
  const { SANDBOX_PORT: port, SANDBOX_HOST: hostname } = environment.output;
  const { SERVICE_PLANS: servicePlans, SANDBOX_CALLBACK_URLS: defaultCallbackUrls } =
    environment.output;
  try {
    const sandbox = createSandbox({
      servicePlans,
      accessKeys: environment.output.SANDBOX_ACCESS_KEYS,
      tokenLifetimeS: environment.output.SANDBOX_TOKEN_LIFETIME_S,
      defaultCallbackUrls,
      sendCallbacks: environment.output.SANDBOX_SEND_CALLBACKS === "on",
      callbackSecrets: environment.output.SANDBOX_CALLBACK_SECRETS,
      callbackSpeed: environment.output.SANDBOX_CALLBACK_SPEED,
    });
    const served = await serveSandbox(sandbox, { port, hostname });
    print(startMessage(served.url, servicePlans));
    const close = () => served.close().then(() => Deno.exit(0));
    for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, close);
  } catch (error) {
    fail(`The sandbox cannot listen on ${hostname}:${port}: ${messageOf(error)}`);
  }
}

function startMessage(url: string, plans: Record<string, string>): string {
  const [[plan, token] = ["", ""]] = Object.entries(plans);
  const body = JSON.stringify({ from: "12025550199", to: ["12025550142"], body: "Hello" });
  return `The SMS API sandbox listens on ${url}

curl -i ${url}/xms/v1/${plan}/batches -H 'Authorization: Bearer ${token}' \\
  -H 'Content-Type: application/json' -d '${body}'`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function print(text: string): void {
  // deno-lint-ignore no-console -- the output of a command is its interface
  console.log(text);
}

function fail(text: string): void {
  // deno-lint-ignore no-console -- the output of a command is its interface
  console.error(text);
  Deno.exit(1);
}
