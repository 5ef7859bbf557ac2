import { getLogger } from "@logtape/logtape";
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import { VARIABLES } from "./settings.ts";

/** A variable that is set, but is not a setting and looks like a misspelt one. */
export interface UnknownVariable {
  readonly name: string;
  /** The setting with the most similar name; undefined if none is similar enough. */
  readonly did_you_mean: string | undefined;
}

/** First words that variables of other programs have, too, such as LOG_DIR and SERVICE_VERSION. */
const COMMON_FIRST_WORDS: ReadonlySet<string> = new Set([
  "HTTP",
  "HTTPS",
  "LOG",
  "MAX",
  "METRICS",
  "NO",
  "REQUEST",
  "SERVICE",
  "TRACE",
]);

/** Proxies of other protocols, such as `ftp_proxy`. */
const PROXY = /_PROXY$/i;

/**
 * Variables that Kubernetes and Docker set for services, such as SMS_GATEWAY_SERVICE_HOST and
 * SMS_GATEWAY_PORT_8080_TCP_ADDR. No setting has such an ending.
 */
const SERVICE_LINK = /_SERVICE_HOST$|_SERVICE_PORT(_\w+)?$|_PORT(_\d+_[A-Z]+(_[A-Z]+)?)?$/;

/** Maximum Levenshtein distance of a misspelt name: two typing errors. */
const MAX_DISTANCE = 2;

/** Shorter names are not compared: `HOME` and `POST` are within two typing errors of `HOST`. */
const MIN_COMPARED_LENGTH = 6;

/** Settings without the `OTEL_…` ones, since OpenTelemetry has many more variables. */
const OWN_NAMES: readonly string[] = VARIABLES.filter((name) => !name.startsWith("OTEL_"));

/** Prefixes that only settings of the gateway have, such as `AUTH_` and `MAX_OUTSTANDING_`. */
const OWN_PREFIXES: readonly string[] = [...new Set(OWN_NAMES.flatMap(prefixesOf))];

/** Returns those of the names that are not settings, but look like misspelt ones. */
export function unknownVariables(names: Iterable<string>): UnknownVariable[] {
  return [...names]
    .filter((name) => !VARIABLES.includes(name) && !SERVICE_LINK.test(name) && !PROXY.test(name))
    .map((name) => ({ name, ...closest(name) }))
    .filter(({ name, distance }) => distance <= MAX_DISTANCE || hasOwnPrefix(name))
    .map(({ name, distance, closestName }) => ({
      name,
      did_you_mean: distance <= Math.max(MAX_DISTANCE, name.length / 4) ? closestName : undefined,
    }));
}

/** Logs a warning for each unknown variable of those that are set. */
export function warnOfUnknownVariables(names: Iterable<string>): void {
  for (const variable of unknownVariables(names)) {
    getLogger("sms-gateway").warning("unknown variable", { ...variable });
  }
}

function hasOwnPrefix(name: string): boolean {
  return OWN_PREFIXES.some((prefix) => name.startsWith(prefix));
}

function prefixesOf(name: string): string[] {
  const [first = "", second, ...rest] = name.split("_");
  return [
    ...(second && !COMMON_FIRST_WORDS.has(first.toUpperCase()) ? [`${first}_`] : []),
    ...(rest.length > 0 ? [`${first}_${second}_`] : []),
  ];
}

function closest(name: string): { closestName: string | undefined; distance: number } {
  let [closestName, distance]: [string | undefined, number] = [undefined, Infinity];
  if (name.length < MIN_COMPARED_LENGTH || name.startsWith("OTEL_")) {
    return { closestName, distance };
  }
  for (const own of OWN_NAMES) {
    const candidate = levenshteinDistance(name, own);
    if (own.length >= MIN_COMPARED_LENGTH && candidate < distance) {
      [closestName, distance] = [own, candidate];
    }
  }
  return { closestName, distance };
}

/** Characters of the settings' names. */
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";

/** Words of the settings' names, and words that are often used instead. */
const WORDS: readonly string[] = [
  ...new Set([
    ...OWN_NAMES.flatMap((name) => name.split("_")),
    "URI",
    "S",
    "SECONDS",
    "SIZE",
    "KEY",
  ]),
];

/**
 * Likely misspellings of all settings: one typing error after the first word, or one word omitted,
 * added or replaced. For runtimes that tell whether a variable is set but do not list the
 * variables. The first word is always correct, since permissions are granted by first word. These
 * are 92,000 names, 77,000 without repetitions.
 */
export function* misspellings(): Generator<string> {
  const settings = new Set(VARIABLES);
  for (const setting of OWN_NAMES.filter((name) => name.includes("_"))) {
    for (const name of withTypingError(setting)) if (!settings.has(name)) yield name;
    for (const name of withOtherWord(setting)) if (!settings.has(name)) yield name;
  }
}

function* withTypingError(name: string): Generator<string> {
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

function* withOtherWord(name: string): Generator<string> {
  const words = name.split("_");
  for (let at = 1; at <= words.length; at++) {
    if (words.length > 2) yield words.toSpliced(at, 1).join("_");
    for (const word of WORDS) {
      yield words.toSpliced(at, 0, word).join("_");
      yield words.toSpliced(at, 1, word).join("_");
    }
  }
}
