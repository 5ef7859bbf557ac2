import type { Attributes, HrTime } from "@opentelemetry/api";
import { hrTime } from "@opentelemetry/core";
import { DataPointType, type HistogramMetricData } from "@opentelemetry/sdk-metrics";
import { cumulative, type MetricName } from "./metric_producer.ts";

/** What a {@linkcode DurationHistogram} is called. */
export interface DurationHistogramOptions extends Omit<MetricName, "unit"> {
  /** Upper bounds of the buckets, in seconds, ascending. */
  readonly boundaries: readonly number[];
}

/** A series: its attributes, made once, and its counts. */
interface Series {
  readonly attributes: Attributes;
  /** Values in each bucket; the last is for those above all bounds. */
  readonly counts: number[];
  readonly startTime: HrTime;
  sum: number;
  count: number;
  min: number;
  max: number;
}

/** Series of one histogram; the SDK has the same limit. What comes beyond is counted in one more. */
const MAX_SERIES = 2_000;

const OVERFLOW_KEY = "overflow";
const OVERFLOW_ATTRIBUTES: Attributes = { "otel.metric.overflow": true };

/**
 * A histogram of durations whose series are found by one string. The SDK's own finds them by hashing
 * the attributes of every value, which costs several times as much.
 */
export class DurationHistogram {
  readonly name: string;
  readonly #options: DurationHistogramOptions;
  readonly #series = new Map<string, Series>();

  constructor(options: DurationHistogramOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /**
   * Records a duration.
   *
   * @param key tells the series from all others
   * @param seconds the duration
   * @param attributesOf makes the attributes of the series, once
   * @returns the attributes
   */
  record(key: string, seconds: number, attributesOf: () => Attributes): Attributes {
    const series = this.#series.get(key) ?? this.#create(key, attributesOf);
    const { boundaries } = this.#options;
    let bucket = 0;
    while (bucket < boundaries.length && seconds > boundaries[bucket]!) bucket++;
    series.counts[bucket]!++;
    series.sum += seconds;
    series.count++;
    if (seconds < series.min) series.min = seconds;
    if (seconds > series.max) series.max = seconds;
    return series.attributes;
  }

  /** The cumulative values of all series, as the SDK has them. */
  collect(): HistogramMetricData {
    const { name, description, boundaries } = this.#options;
    const endTime = hrTime();
    return {
      ...cumulative({ name, description, unit: "s" }),
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: [...this.#series.values()].map((series) => {
        const { attributes, startTime, counts, sum, count, min, max } = series;
        const buckets = { boundaries: [...boundaries], counts: [...counts] };
        return { attributes, startTime, endTime, value: { buckets, sum, count, min, max } };
      }),
    };
  }

  #create(key: string, attributesOf: () => Attributes): Series {
    const isFull = this.#series.size >= MAX_SERIES;
    const known = isFull ? this.#series.get(OVERFLOW_KEY) : undefined;
    if (known) return known;
    const series: Series = {
      attributes: isFull ? OVERFLOW_ATTRIBUTES : attributesOf(),
      counts: new Array(this.#options.boundaries.length + 1).fill(0),
      startTime: hrTime(),
      sum: 0,
      count: 0,
      min: Infinity,
      max: -Infinity,
    };
    this.#series.set(isFull ? OVERFLOW_KEY : key, series);
    return series;
  }
}
