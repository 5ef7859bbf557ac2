const QUOTE = 0x22, BACKSLASH = 0x5c, COLON = 0x3a;
const OPENING_BRACE = 0x7b, CLOSING_BRACE = 0x7d, OPENING_BRACKET = 0x5b, CLOSING_BRACKET = 0x5d;

/**
 * Whether an object has a member twice. Readers differ in which of the two they take (RFC 8259 §4),
 * so such a text means something else to each. Linear in the length of the text.
 *
 * @param json a valid JSON text
 */
export function hasRepeatedMember(json: string): boolean {
  /** The names of each open object; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  for (let index = 0; index < json.length; index++) {
    const character = json.charCodeAt(index);
    if (character === OPENING_BRACE) open.push(new Set());
    else if (character === OPENING_BRACKET) open.push(undefined);
    else if (character === CLOSING_BRACE || character === CLOSING_BRACKET) open.pop();
    else if (character === QUOTE) {
      const end = endOfString(json, index);
      if (isName(json, end)) {
        const name = nameOf(json.slice(index, end));
        const names = open.at(-1);
        if (names?.has(name)) return true;
        names?.add(name);
      }
      index = end - 1;
    }
  }
  return false;
}

/** The position after the closing quote of the string that begins at `start`. */
function endOfString(json: string, start: number): number {
  let end = start;
  do end = json.indexOf('"', end + 1); while (end > 0 && isEscaped(json, end));
  return end < 0 ? json.length : end + 1;
}

/** Whether an odd number of backslashes precedes. */
function isEscaped(json: string, position: number): boolean {
  let first = position;
  while (json.charCodeAt(first - 1) === BACKSLASH) first--;
  return (position - first) % 2 === 1;
}

/** Whether a colon follows, as after the name of a member and after no other string. */
function isName(json: string, end: number): boolean {
  let next = end;
  while (/[ \t\r\n]/.test(json.charAt(next))) next++;
  return json.charCodeAt(next) === COLON;
}

function nameOf(quoted: string): string {
  return quoted.includes("\\") ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
}
