import { literal, PYTHON, TYPESCRIPT } from "./literal.ts";
import type { SampleRequest } from "./sample.ts";
import { SDK_CALLS } from "./sdk_calls.ts";

/** Whether the official SDKs can call an operation. */
export function isSdkOperation(id: string): boolean {
  return Object.hasOwn(SDK_CALLS, id);
}

/** A program with the official Node SDK; see docs/sdk.md. */
export function nodeSdk({ id, pathParameters, body }: SampleRequest): string {
  const { node, nodeBody, paged, renamed } = SDK_CALLS[id];
  const members = [
    ...pathParameters.map((name) => `${renamed?.node[name] ?? name}: "{{${name}}}"`),
    ...(nodeBody ? [`${nodeBody}: ${literal(body, TYPESCRIPT, "  ")}`] : []),
  ];
  const call = members.length === 0
    ? `sms.${node}()`
    : `sms.${node}({${members.map((member) => `\n  ${member},`).join("")}\n})`;
  return `import { SmsService } from "@sinch/sdk-core";
import process from "node:process";

const sms = new SmsService({
  servicePlanId: "{{service_plan_id}}",
  apiToken: process.env.TOKEN!,
  smsHostname: "{{host}}",
});
${
    paged
      ? `for await (const item of ${call}) {\n  console.log(item);\n}`
      : `const result = await ${call};\nconsole.log(result);`
  }`;
}

/** A program with the official Python SDK; see docs/sdk.md. */
export function pythonSdk({ id, pathParameters, body }: SampleRequest): string {
  const { python, paged, renamed } = SDK_CALLS[id];
  const values = [
    ...pathParameters.map((name) => [renamed?.python[name] ?? name, `"{{${name}}}"`]),
    ...Object.entries(body ?? {}).map(([name, value]) => [name, literal(value, PYTHON, "    ")]),
  ];
  // `from` is a keyword of Python.
  const named = values.map(([name, value]) => `${name === "from" ? "from_" : name}=${value}`);
  const call = named.length === 0
    ? `sinch.sms.${python}()`
    : `sinch.sms.${python}(${named.map((one) => `\n    ${one},`).join("")}\n)`;
  return `import os

from sinch import SinchClient

sinch = SinchClient(
    service_plan_id="{{service_plan_id}}",
    sms_api_token=os.environ["TOKEN"],
    sms_region="eu",  # required, but not used
)
sinch.configuration.sms_domain_with_service_plan_id = "{{host}}"

${paged ? `for item in ${call}.iterator():\n    print(item)` : `result = ${call}\nprint(result)`}`;
}
