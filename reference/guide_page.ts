import { GUIDE_INDEX, guidePath } from "./guide_paths.ts";
import { GUIDES, loadIndex } from "./guides/mod.ts";
import { page } from "./layout.ts";
import { markup, raw } from "./markup.ts";

/**
 * Renders the index of the guides, or one of them.
 *
 * @throws {TypeError} if no guide has this path
 */
export async function guidePage(path: string): Promise<string> {
  const guide = GUIDES.find(({ name }) => guidePath(name) === path);
  if (!guide && path !== GUIDE_INDEX) throw new TypeError(`No guide has the path ${path}`);
  const { title, description, html } = (await (guide?.load ?? loadIndex)()).content;
  return page(
    { title, path, description },
    markup`<main class="text guide" id="content">
${raw(html)}</main>`,
  );
}

/** Loads the modules of all guides, which has to open files. */
export async function importGuides(): Promise<void> {
  await Promise.all([loadIndex(), ...GUIDES.map(({ load }) => load())]);
}
