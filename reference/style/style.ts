import { BASE } from "./base.ts";
import { CODE } from "./code.ts";
import { FORM } from "./form.ts";
import { FRAME } from "./frame.ts";
import { OPERATION } from "./operation.ts";
import { SEARCH } from "./search.ts";
import { TEXT } from "./text.ts";

/** The style sheet of the pages. */
export const STYLE = [BASE, FRAME, SEARCH, TEXT, OPERATION, CODE, FORM].join("");
