import { getLogger } from "@logtape/logtape";
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import { VARIABLES } from "./settings.ts";

/** A variable that is set, is not a setting, and looks as if it was meant to be one. */
export interface UnknownVariable {
  readonly name: string;
  /** The setting with the most similar name; undefined where none is similar enough. */
  readonly did_you_mean: string | undefined;
}

/** First words that variables of other programs have as well, such as LOG_DIR, SERVICE_VERSION. */
const SHARED_WORDS: ReadonlySet<string> = new Set([
  "LOG",
  "MAX",
  "METRICS",
  "REQUEST",
  "SERVICE",
  "TRACE",
]);

/**
 * What Kubernetes and Docker set for a service, such as SMS_GATEWAY_SERVICE_HOST and
 * SMS_GATEWAY_PORT_8080_TCP_ADDR. No setting ends like that.
 */
const SERVICE_LINK = /_SERVICE_HOST$|_SERVICE_PORT(_\w+)?$|_PORT(_\d+_[A-Z]+(_[A-Z]+)?)?$/;

/** Two typing errors. */
const MAX_DISTANCE = 2;

/** Within two typing errors of `HOST` there are `HOME` and `POST`: such names are not compared. */
const MIN_COMPARED_LENGTH = 6;

/** The names of our own; `OTEL_…` belongs to OpenTelemetry, which has many more. */
const OWN: readonly string[] = VARIABLES.filter((name) => !name.startsWith("OTEL_"));

/** Beginnings that only our settings have, such as `AUTH_` and `MAX_OUTSTANDING_`. */
const OWN_BEGINNINGS: readonly string[] = [...new Set(OWN.flatMap(beginningsOf))];

/** Those of the names that look as if they were meant to be settings, and are none. */
export function unknownVariables(names: Iterable<string>): UnknownVariable[] {
  return [...names]
    .filter((name) => !VARIABLES.includes(name) && !SERVICE_LINK.test(name))
    .map((name) => ({ name, ...closest(name) }))
    .filter(({ name, distance }) => distance <= MAX_DISTANCE || beginsLikeOurs(name))
    .map(({ name, distance, meant }) => ({
      name,
      did_you_mean: distance <= Math.max(MAX_DISTANCE, name.length / 4) ? meant : undefined,
    }));
}

/** Logs a warning for each unknown variable of an environment; no value is read. */
export function warnOfUnknownVariables(environment: Readonly<Record<string, unknown>>): void {
  for (const variable of unknownVariables(Object.keys(environment))) {
    getLogger("sms-gateway").warning("unknown variable", { ...variable });
  }
}

function beginsLikeOurs(name: string): boolean {
  return OWN_BEGINNINGS.some((beginning) => name.startsWith(beginning));
}

function beginningsOf(name: string): string[] {
  const [first = "", second, ...rest] = name.split("_");
  return [
    ...(second && !SHARED_WORDS.has(first) ? [`${first}_`] : []),
    ...(rest.length > 0 ? [`${first}_${second}_`] : []),
  ];
}

function closest(name: string): { meant: string | undefined; distance: number } {
  let [meant, distance]: [string | undefined, number] = [undefined, Infinity];
  if (name.length < MIN_COMPARED_LENGTH || name.startsWith("OTEL_")) return { meant, distance };
  for (const own of OWN) {
    const candidate = levenshteinDistance(name, own);
    if (own.length >= MIN_COMPARED_LENGTH && candidate < distance) {
      [meant, distance] = [own, candidate];
    }
  }
  return { meant, distance };
}

/** What a variable's name is made of. */
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";

/** The words of all settings, and those that are often written instead. */
const WORDS: readonly string[] = [
  ...new Set([...OWN.flatMap((name) => name.split("_")), "URI", "S", "SECONDS", "SIZE", "KEY"]),
];

/**
 * Names that a setting may have been misspelt as, for runtimes that tell whether a variable is set
 * but do not list those that are: one typing error after the first word, and one word left out,
 * added or replaced. The first word is right in all of them, as access is granted by first words.
 */
export function misspellings(): Set<string> {
  const found = new Set(OWN.filter((name) => name.includes("_")).flatMap(misspellingsOf));
  for (const name of VARIABLES) found.delete(name);
  return found;
}

function misspellingsOf(name: string): string[] {
  return [...oneTypingError(name), ...oneOtherWord(name)];
}

function* oneTypingError(name: string): Generator<string> {
  for (let at = name.indexOf("_") + 1; at <= name.length; at++) {
    const [before, after] = [name.slice(0, at), name.slice(at)];
    yield before + after.slice(1);
    yield before + after.slice(1, 2) + after.slice(0, 1) + after.slice(2);
    for (const letter of LETTERS) {
      yield before + letter + after;
      yield before + letter + after.slice(1);
    }
  }
}

function* oneOtherWord(name: string): Generator<string> {
  const words = name.split("_");
  for (let at = 1; at <= words.length; at++) {
    if (words.length > 2) yield words.toSpliced(at, 1).join("_");
    for (const word of WORDS) {
      yield words.toSpliced(at, 0, word).join("_");
      yield words.toSpliced(at, 1, word).join("_");
    }
  }
}
