import type { Attributes, AttributeValue } from "@opentelemetry/api";
import {
  DataPointType,
  type HistogramMetricData,
  type MetricData,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import type { Exemplar } from "./exemplars.ts";

/** Metric name, unit included → its exemplars, the latest last. */
export type ExemplarsByMetric = ReadonlyMap<string, readonly Exemplar[]>;

/** Units that a metric name ends with. */
const UNITS = ["seconds", "bytes"];

/**
 * Metrics in the OpenMetrics text format 1.0 with exemplars, which the SDK's serializer has not.
 * The series are those of the Prometheus text format; `_created` is left out.
 */
export function openMetrics(
  { resource, scopeMetrics }: ResourceMetrics,
  exemplars: ExemplarsByMetric,
): string {
  const families = scopeMetrics.flatMap(({ metrics }) => metrics)
    .map((metric) => family(metric, exemplars));
  const info = `# TYPE target info\n# HELP target Target metadata\n` +
    `target_info${labels(resource.attributes as Attributes)} 1\n`;
  return `${info}${families.join("")}# EOF\n`;
}

function family(metric: MetricData, exemplars: ExemplarsByMetric): string {
  const name = sanitized(metric.descriptor.name);
  const unit = UNITS.find((unit) => name.endsWith(`_${unit}`));
  const type = typeOf(metric);
  const head = `# TYPE ${name} ${type}\n` +
    (unit ? `# UNIT ${name} ${unit}\n` : "") +
    `# HELP ${name} ${escaped(metric.descriptor.description || "description missing")}\n`;
  if (metric.dataPointType === DataPointType.HISTOGRAM) {
    return head + histogram(name, metric, exemplars.get(metric.descriptor.name) ?? []);
  }
  if (metric.dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM) return "";
  const suffix = type === "counter" ? "_total" : "";
  return head +
    metric.dataPoints.map(({ attributes, value }) =>
      `${name}${suffix}${labels(attributes)} ${value}\n`
    ).join("");
}

function typeOf({ dataPointType, ...metric }: MetricData): "counter" | "gauge" | "histogram" {
  if (dataPointType === DataPointType.HISTOGRAM) return "histogram";
  return "isMonotonic" in metric && metric.isMonotonic ? "counter" : "gauge";
}

function histogram(
  name: string,
  { dataPoints }: HistogramMetricData,
  exemplars: readonly Exemplar[],
): string {
  const bySeries = Map.groupBy(exemplars, ({ attributes }) => labels(attributes));
  return dataPoints.map(({ attributes, value: { buckets, count, sum } }) => {
    const own = bySeries.get(labels(attributes)) ?? [];
    let below = 0;
    let lower = -Infinity;
    const lines = buckets.counts.map((inBucket, index) => {
      const upper = buckets.boundaries[index] ?? Infinity;
      const inRange = own.findLast(({ value }) => value > lower && value <= upper);
      lower = upper;
      below += inBucket;
      const le = upper === Infinity ? "+Inf" : String(upper);
      return `${name}_bucket${labels(attributes, le)} ${below}${exemplarOf(inRange)}\n`;
    });
    return `${lines.join("")}${name}_count${labels(attributes)} ${count}\n` +
      `${name}_sum${labels(attributes)} ${sum ?? 0}\n`;
  }).join("");
}

function exemplarOf(exemplar: Exemplar | undefined): string {
  if (!exemplar) return "";
  const { traceId, spanId, value, atMs } = exemplar;
  return ` # {trace_id="${traceId}",span_id="${spanId}"} ${value} ${(atMs / 1_000).toFixed(3)}`;
}

function labels(attributes: Attributes, le?: string): string {
  const pairs = Object.entries(attributes).filter(([, value]) => value !== undefined)
    .toSorted(([a], [b]) => a < b ? -1 : 1)
    .map(([name, value]) => `${sanitized(name)}="${escapedLabel(value)}"`);
  if (le !== undefined) pairs.push(`le="${le}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function sanitized(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, "_");
}

function escapedLabel(value: AttributeValue | undefined): string {
  return escaped(String(value)).replaceAll('"', '\\"');
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
