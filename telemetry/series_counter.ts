import type { Attributes, HrTime } from "@opentelemetry/api";
import { hrTime } from "@opentelemetry/core";
import { DataPointType, type SumMetricData } from "@opentelemetry/sdk-metrics";
import { cumulative, type MetricName } from "./metric_producer.ts";

/** A series: its attributes, made once, and its count. */
interface Series {
  readonly attributes: Attributes;
  readonly startTime: HrTime;
  count: number;
}

/**
 * A counter whose series are found by one string, as those of `DurationHistogram`, for what every
 * request is counted by. Its attributes must have a limited number of values.
 */
export class SeriesCounter {
  readonly #name: MetricName;
  readonly #series = new Map<string, Series>();

  constructor(name: MetricName) {
    this.#name = name;
  }

  /**
   * Adds to a series.
   *
   * @param key tells the series from all others
   * @param amount 0 or more
   * @param attributesOf makes the attributes of the series, once
   */
  add(key: string, amount: number, attributesOf: () => Attributes): void {
    const series = this.#series.get(key);
    if (series) series.count += amount;
    else {
      this.#series.set(key, { attributes: attributesOf(), startTime: hrTime(), count: amount });
    }
  }

  /** The cumulative values of all series, as the SDK has them. */
  collect(): SumMetricData {
    const endTime = hrTime();
    return {
      ...cumulative(this.#name),
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      dataPoints: [...this.#series.values()].map(({ attributes, startTime, count }) => (
        { attributes, startTime, endTime, value: count }
      )),
    };
  }
}
