/** Code and text of an error body; absent where the body has none. */
export interface Problem {
  readonly code?: string;
  readonly text?: string;
}

/** Maximum length of a code, in characters; longer ones are truncated. */
const MAX_CODE_LENGTH = 128;

/**
 * Maximum length of a text that is read, in characters. Longer than what is forwarded, since
 * credentials are removed before the text is truncated: half a credential would not be recognized.
 */
const MAX_READ_LENGTH = 4_096;

/** Members that hold a human-readable text, in order of preference. */
const TEXT_MEMBERS = ["text", "message", "detail", "error_description", "title"] as const;

/** A code is a single word. */
const CODE_SHAPE = /^[A-Za-z][\w.:-]*$/;

/**
 * Reads code and text from an error body in any of the shapes of contract.md §3: the documented
 * one, Google's, RFC 9457, OAuth's, `message`, `errors`, or plain text. HTML, truncated JSON and
 * bytes that are not UTF-8 yield neither. Control characters are removed.
 *
 * @param status of the reply; a numeric code that only repeats it is ignored
 */
export function readProblem(bytes: Uint8Array, status: number): Problem {
  const text = decodeUtf8(bytes)?.trim();
  if (!text) return {};
  if (/^[{["]/.test(text)) return fromJson(text, status);
  // Plain text of a 4xx may be the only explanation there is; that of a 5xx is a proxy's page.
  return /^</.test(text) || status >= 500 ? {} : withText({}, text);
}

const strictDecoder = new TextDecoder("utf-8", { fatal: true });

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function fromJson(text: string, status: number): Problem {
  try {
    return read(JSON.parse(text), status);
  } catch {
    return {};
  }
}

function read(value: unknown, status: number): Problem {
  if (typeof value === "string") return withText({}, value);
  if (!isRecord(value)) return {};
  const nested = isRecord(value.error) ? value.error : first(value.errors);
  if (nested !== undefined && value.code === undefined) return read(nested, status);
  const code = codeOf(value, status);
  const text = TEXT_MEMBERS.map((member) => value[member]).find(isText) ??
    [value.error].find((error) => isText(error) && error !== code);
  return withText(code === undefined ? {} : { code }, text);
}

/** The first member that can serve as a code. */
function codeOf(value: Record<string, unknown>, status: number): string | undefined {
  if (isText(value.code)) return truncated(printable(value.code), MAX_CODE_LENGTH) || undefined;
  if (Number.isFinite(value.code) && value.code !== status) return String(value.code);
  return [value.error, value.status, problemType(value.type)].find((candidate) =>
    isText(candidate) && candidate.length <= MAX_CODE_LENGTH && CODE_SHAPE.test(candidate)
  ) as string | undefined;
}

/** The last segment of an RFC 9457 problem type, which is a URI. */
function problemType(type: unknown): string | undefined {
  return isText(type) && type !== "about:blank" ? type.split(/[/#]/).findLast(isText) : undefined;
}

function withText(problem: Problem, text: unknown): Problem {
  if (!isText(text)) return problem;
  const readable = truncated(printable(text), MAX_READ_LENGTH);
  return readable ? { ...problem, text: readable } : problem;
}

/** The text on one line: C0 and C1 control characters and line separators become spaces. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are removed here
  return text.slice(0, MAX_READ_LENGTH).replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, " ").trim();
}

/**
 * Truncates a text, but not between the halves of a surrogate pair: JSON parsers reject one half.
 */
export function truncated(text: string, maxLength: number): string {
  const isSplit = text.length > maxLength && /[\ud800-\udbff]/.test(text.charAt(maxLength - 1));
  return text.slice(0, isSplit ? maxLength - 1 : maxLength).toWellFormed().trim();
}

function first(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
