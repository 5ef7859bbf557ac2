import { fingerprint } from "../reference/paths.ts";
import { TRACES_STYLE } from "./traces_style.ts";

/** The page of the last traces. */
export const TRACES = "/demo/traces";

/** The style sheet of the pages of traces; its path changes with its content. */
export const STYLE_PATH = `${TRACES}/traces-${fingerprint(TRACES_STYLE)}.css`;

/** The page of one trace. */
export function tracePath(traceId: string): string {
  return `${TRACES}/${traceId}`;
}
