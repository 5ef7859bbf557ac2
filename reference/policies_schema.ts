import { type JsonSchema, toJsonSchema } from "@valibot/to-json-schema";
import { COUNTRY_CODES } from "../policies/countries.ts";
import { isCountry, PoliciesSchema } from "../policies/policy.ts";

/** The JSON Schema of `POLICIES`, for editors and for checks before a deployment. */
export function policiesJsonSchema(): JsonSchema {
  return {
    ...toJsonSchema(PoliciesSchema, {
      target: "draft-2020-12",
      typeMode: "input",
      // The rules of code: unique names, and senders, which are numbers or names.
      errorMode: "ignore",
      overrideAction: ({ valibotAction, jsonSchema }) =>
        valibotAction === isCountry ? { ...jsonSchema, enum: [...COUNTRY_CODES] } : undefined,
    }),
    title: "Policies of the SMS edge gateway",
  };
}
