import type { DocumentedOperation, Parameter } from "../document.ts";
import type { OperationId } from "../operations.ts";

/**
 * A value that the reader's browser fills in, as it appears in the text of a sample: `{{host}}`, or
 * the name of a path parameter.
 */
export const PLACEHOLDER = /\{\{(\w+)\}\}/g;

/** The base URL of the gateway where nothing is filled in, as without JavaScript. */
export const EXAMPLE_HOST = "https://sms-gateway.example";

/** What a sample is made of. */
export interface SampleRequest {
  readonly id: OperationId;
  readonly method: string;
  /** The whole URL, with placeholders. */
  readonly url: string;
  /** Names of the path parameters, without that of the service plan. */
  readonly pathParameters: readonly string[];
  readonly body?: unknown;
}

/** The sample request of an operation: required parameters, and the example of the body. */
export function sampleRequest(operation: DocumentedOperation): SampleRequest {
  const { operationId, method, path, parameters, requestBody } = operation;
  const query = parameters.filter((one) => one.in === "query" && one.required)
    .map(({ name, example = "" }) => `${name}=${encodeURIComponent(example)}`);
  const body = requestBody?.content["application/json"]?.example;
  return {
    id: operationId as OperationId,
    method,
    url: `{{host}}${path.replace(/\{(\w+)\}/g, "{{$1}}")}${
      query.length ? `?${query.join("&")}` : ""
    }`,
    pathParameters: parameters.filter((one) => one.in === "path").map(({ name }) => name)
      .filter((name) => name !== "service_plan_id"),
    ...(body !== undefined && { body }),
  };
}

/** Placeholder → the value where nothing is filled in. */
export function exampleValues(parameters: readonly Parameter[]): Record<string, string> {
  const examples = parameters.filter((one) => one.in === "path")
    .map(({ name, example = name }) => [name, example]);
  return { host: EXAMPLE_HOST, ...Object.fromEntries(examples) };
}

/** The text of a sample with its values. */
export function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(PLACEHOLDER, (whole, name: string) => values[name] ?? whole);
}
