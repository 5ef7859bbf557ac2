import { COPY } from "./copy.ts";
import { SAMPLES } from "./samples.ts";
import { SEARCH } from "./search.ts";
import { TRY_IT } from "./try_it.ts";
import { VALUES } from "./values.ts";

/**
 * The script of the pages, one function scope around its parts. The parts are text, since every
 * runtime can import it without access to files; a test formats, lints and type-checks them.
 */
export const SCRIPT = `(() => {\n  "use strict";\n${
  [VALUES, SAMPLES, COPY, SEARCH, TRY_IT].join("")
}})();\n`;
