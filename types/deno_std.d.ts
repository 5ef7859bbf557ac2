// Types of the functions used from Deno's standard library. Its npm mirror ships none;
// where jsr.io is reachable, map the specifiers in deno.json to jsr: and delete this file.

declare module "@std/assert" {
  export function assert(expression: unknown, message?: string): asserts expression;
  export function assertEquals<T>(actual: T, expected: T, message?: string): void;
  export function assertNotEquals<T>(actual: T, expected: T, message?: string): void;
  export function assertExists<T>(actual: T, message?: string): asserts actual is NonNullable<T>;
  export function assertMatch(actual: string, expected: RegExp, message?: string): void;
  export function assertNotMatch(actual: string, expected: RegExp, message?: string): void;
  export function assertStringIncludes(actual: string, expected: string, message?: string): void;
  export function assertArrayIncludes<T>(
    actual: ArrayLike<T>,
    expected: ArrayLike<T>,
    message?: string,
  ): void;
  export function assertGreaterOrEqual<T>(actual: T, expected: T, message?: string): void;
  export function assertLessOrEqual<T>(actual: T, expected: T, message?: string): void;
  export function assertThrows<E extends Error = Error>(
    run: () => unknown,
    // deno-lint-ignore no-explicit-any -- a constructor of any arguments, as in the original
    ErrorClass?: new (...args: any[]) => E,
    includes?: string,
  ): E;
  export function assertRejects<E extends Error = Error>(
    run: () => PromiseLike<unknown>,
    // deno-lint-ignore no-explicit-any -- a constructor of any arguments, as in the original
    ErrorClass?: new (...args: any[]) => E,
    includes?: string,
  ): Promise<E>;
}

declare module "@std/async/delay" {
  /** Resolves after `ms` milliseconds, or rejects when `signal` aborts. */
  export function delay(ms: number, options?: { signal?: AbortSignal }): Promise<void>;
}

declare module "@std/http/status" {
  /** HTTP status code → reason phrase (IANA registry). */
  export const STATUS_TEXT: Readonly<Record<number, string>>;
}

declare module "@std/media-types/parse-media-type" {
  /**
   * The media type in lower case, and its parameters by their names in lower case.
   *
   * @throws {Error} when it is malformed, or has a parameter twice
   */
  export function parseMediaType(type: string): [string, Record<string, string> | undefined];
}

declare module "@std/text/levenshtein-distance" {
  /** How many characters have to be inserted, deleted or replaced to make `b` of `a`. */
  export function levenshteinDistance(a: string, b: string): number;
}

declare module "@std/toml" {
  /**
   * Parses a TOML document.
   *
   * @throws {SyntaxError} when it is malformed
   */
  export function parse(text: string): Record<string, unknown>;
}

declare module "@std/ulid" {
  /** A new ULID; `seedTime` is in milliseconds since the epoch, default now. */
  export function ulid(seedTime?: number): string;

  /** A new ULID, later in order than all before it. */
  export function monotonicUlid(seedTime?: number): string;

  /** The time of a ULID, in ms since the epoch; throws for any other text. */
  export function decodeTime(ulid: string): number;
}

declare module "@std/yaml" {
  export function parse(yaml: string): unknown;
}
