/** Every request and response of the SMS API, by name. */

export * from "./batches.ts";
export * from "./common.ts";
export * from "./delivery_reports.ts";
export * from "./groups.ts";
export * from "./inbounds.ts";
export * from "./usage.ts";
