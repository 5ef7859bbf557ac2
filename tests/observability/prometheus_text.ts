/** One line of the Prometheus text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The content of a scrape. */
export interface Scrape {
  /** Metric family → its type. */
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly Sample[];
}

/** Parses the Prometheus text format 0.0.4; throws on an invalid line. */
export function parseMetrics(text: string): Scrape {
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  for (const line of text.split("\n").filter((line) => line !== "")) {
    const [, family, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (family && type) types.set(family, type);
    if (!line.startsWith("#")) samples.push(parseSample(line));
  }
  return { types, samples };
}

/** The samples of a name that have at least these labels. */
export function samplesOf(
  { samples }: Scrape,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): readonly Sample[] {
  return samples.filter((sample) =>
    sample.name === name &&
    Object.entries(labels).every(([label, value]) => sample.labels[label] === value)
  );
}

/** The sum of {@linkcode samplesOf}. */
export function total(
  scrape: Scrape,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  return samplesOf(scrape, name, labels).reduce((sum, { value }) => sum + value, 0);
}

function parseSample(line: string): Sample {
  const [, name, labels = "", value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (!name || Number.isNaN(Number(value?.replace("+Inf", "Infinity")))) throw new Error(line);
  return {
    name,
    labels: Object.fromEntries(
      [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) => [label, text]),
    ),
    value: Number(value),
  };
}
