/** What a random choice depends on: the same parts give the same choice. */
export type Parts = readonly (string | number)[];

/** A number from 0 (inclusive) to 1 (exclusive). */
export function chance(parts: Parts): number {
  let hash = 0x811c9dc5; // FNV-1a
  for (const char of parts.join("/")) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  }
  // The finalizer of MurmurHash3: FNV alone hardly changes the high bits.
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return ((hash ^ hash >>> 16) >>> 0) / 2 ** 32;
}

/** One of the names, each as often as its weight says. */
export function pick<Name extends string>(
  table: Readonly<Record<Name, { readonly weight: number }>>,
  parts: Parts,
): Name {
  const names = Object.keys(table) as Name[];
  const total = names.reduce((sum, name) => sum + table[name].weight, 0);
  let left = chance(parts) * total;
  return names.find((name) => (left -= table[name].weight) < 0) ?? names[0]!;
}
