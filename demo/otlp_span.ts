/** The JSON of spans as `telemetry/otlp_json.ts` encodes it (opentelemetry-proto, trace.proto). */

/** Values of `kind` that the gateway uses. */
export const KINDS = { server: 2, client: 3 } as const;

/** The value of an attribute; has one of these members. */
export interface OtlpValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: number;
  readonly doubleValue?: number;
  readonly arrayValue?: { readonly values: readonly OtlpValue[] };
}

/** An attribute. */
export interface OtlpAttribute {
  readonly key: string;
  readonly value: OtlpValue;
}

/** An event within a span. */
export interface OtlpEvent {
  readonly timeUnixNano: string;
  readonly name: string;
  readonly attributes: readonly OtlpAttribute[];
}

/** A link to a span, mostly of another trace. */
export interface OtlpLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: readonly OtlpAttribute[];
}

/** A span that has ended. */
export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly OtlpAttribute[];
  readonly events?: readonly OtlpEvent[];
  readonly links?: readonly OtlpLink[];
  readonly status: { readonly code: number; readonly message?: string };
}

/** The value of an attribute as text; undefined if the span does not have it. */
export function attributeOf({ attributes }: OtlpSpan, key: string): string | undefined {
  const found = attributes.find((attribute) => attribute.key === key);
  return found && textOf(found.value);
}

/** A value as text; the values of an array are separated by commas. */
export function textOf({ arrayValue, ...value }: OtlpValue): string {
  return arrayValue ? arrayValue.values.map(textOf).join(", ") : Object.values(value).join();
}

/** The time from one OTLP time to another, in ms. */
export function millisecondsBetween(from: string, to: string): number {
  return Number(BigInt(to) - BigInt(from)) / 1e6;
}
