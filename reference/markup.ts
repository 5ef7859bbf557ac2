import { html, raw } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";

/** HTML that is inserted into other HTML without escaping. */
export type Markup = HtmlEscapedString;

export { raw };

/**
 * Hono's `html`, which escapes every value but {@linkcode Markup}, under a name whose templates
 * `deno fmt` does not reformat.
 *
 * @throws {TypeError} if a value is a promise
 */
export function markup(template: TemplateStringsArray, ...parts: unknown[]): Markup {
  const result = html(template, ...parts);
  if (result instanceof Promise) throw new TypeError("A part of the template is a promise");
  return result;
}
