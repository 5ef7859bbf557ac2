/** How heavy a process was at some time. */
export interface Sample {
  readonly minutes: number;
  readonly mebibytes: number;
}

/** Slope of the line that fits the samples best (least squares), in MiB per minute. */
export function leastSquares(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const time = mean(({ minutes }) => minutes);
  const weight = mean(({ mebibytes }) => mebibytes);
  const covariance = mean((sample) => (sample.minutes - time) * (sample.mebibytes - weight));
  return covariance / mean(({ minutes }) => (minutes - time) ** 2);
}
