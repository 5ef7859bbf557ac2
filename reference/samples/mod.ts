import type { DocumentedOperation } from "../document.ts";
import { curl, python, typescript } from "./http_samples.ts";
import { type SampleRequest, sampleRequest } from "./sample.ts";
import { isSdkOperation, nodeSdk, pythonSdk } from "./sdk_samples.ts";

/** Every language of the samples, in the order of the page. */
export const LANGUAGES = [
  { id: "curl", name: "curl", write: curl },
  { id: "typescript", name: "TypeScript", write: typescript },
  { id: "python", name: "Python", write: python },
  { id: "node-sdk", name: "Node SDK", write: nodeSdk },
  { id: "python-sdk", name: "Python SDK", write: pythonSdk },
] as const satisfies readonly {
  id: string;
  name: string;
  write: (request: SampleRequest) => string;
}[];

/** The id of a language. */
export type LanguageId = typeof LANGUAGES[number]["id"];

/** Languages that are official SDKs; these have no call for what is the gateway's own. */
const SDKS: ReadonlySet<LanguageId> = new Set(["node-sdk", "python-sdk"]);

/** The samples of an operation, with placeholders. */
export function samplesOf(
  operation: DocumentedOperation,
): { id: LanguageId; name: string; text: string }[] {
  const request = sampleRequest(operation);
  return LANGUAGES.filter(({ id }) => !SDKS.has(id) || isSdkOperation(request.id)).map((
    { id, name, write },
  ) => ({ id, name, text: write(request) }));
}
