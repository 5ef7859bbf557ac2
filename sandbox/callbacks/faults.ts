import * as v from "valibot";

const seconds = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000_000));

/** `PUT /sandbox/callback_faults`: what is wrong with the next callbacks. */
export const CallbackFault = v.strictObject({
  /** A signature by another secret. */
  forged: v.optional(v.boolean()),
  /** Age of the signature, in seconds. */
  age_s: v.optional(seconds),
  /** Sends each callback twice at once. */
  duplicate: v.optional(v.boolean()),
  /** Holds each callback back for so long, so that later ones overtake it. */
  delay_ms: v.optional(seconds),
  /** For so many callbacks; default: until it is deleted. */
  times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000))),
});
/** A value of the {@linkcode CallbackFault} schema. */
export type CallbackFault = v.InferOutput<typeof CallbackFault>;
