/** The index of the guides, which are the pages of the folder docs. */
export const GUIDE_INDEX = "/docs/guide";

/** The path of a guide, by its name in the index of the guides. */
export function guidePath(name: string): string {
  return `${GUIDE_INDEX}/${name}`;
}
