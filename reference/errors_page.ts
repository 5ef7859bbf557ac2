import type { CatalogCode, CatalogEntry, Fault, RetryAdvice } from "../errors/catalog.ts";
import { DELIVERY_CODES } from "../delivery_codes.ts";
import { PATH_PROBLEMS, type PathProblem, pathProblemAnchor } from "../errors/path_problems.ts";
import { OTHER_STATUSES, statusAnchor } from "../errors/help.ts";
import { codesOf, STATUSES, type StatusNotes } from "../errors/statuses.ts";
import { page } from "./layout.ts";
import { type Markup, markup } from "./markup.ts";
import { PATHS } from "./paths.ts";

/** Whose action resolves an error, as the page tells a caller. */
const FAULTS: Readonly<Record<Fault, { short: string; long: string }>> = {
  caller: {
    short: "Yours",
    long: "Yours: the request, the token or the account is at fault.",
  },
  gateway: { short: "Gateway", long: "The operators of this gateway." },
  upstream: {
    short: "SMS API",
    long: "Not yours: the SMS API, or the network on the way to it, is at fault.",
  },
  issuer: {
    short: "Issuer",
    long: "Not yours: the issuer of the tokens, or the network on the way to it, is at fault.",
  },
};

/** Whether the SMS API processed the request, as the page tells a caller. */
const PROCESSED: Readonly<Record<CatalogEntry["processed"], string>> = {
  no: "No",
  unknown: "Not known",
};

/** Whether to send the same request again, as the page tells a caller. */
const RETRIES: Readonly<Record<RetryAdvice, { short: string; long: string }>> = {
  never: {
    short: "No",
    long: "No: the same request fails again until the request, the token or the account changes.",
  },
  later: {
    short: "Yes, later",
    long: "Yes, after Retry-After if there is one: it was not processed.",
  },
  idempotent_only: {
    short: "POST: check first",
    long:
      "POST: check first whether it was processed, else it may be sent twice. GET, PUT, DELETE: yes.",
  },
};

/** The page that explains every status and code; the `Link` header points to its anchors. */
export function errorsPage(): string {
  return page({
    title: "Statuses and errors",
    path: PATHS.errors,
    description: "What each status and error code of the SMS gateway means, and what to do.",
  }, content());
}

function content(): Markup {
  const errors = STATUSES.filter(({ status }) => status >= 400);
  return markup`<main class="text" id="content">
<h1>Statuses and errors</h1>
${ERROR_FORMAT}
<h2 id="codes">All codes</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="codes">
<table>
<thead><tr><th scope="col">Status</th><th scope="col">Code</th><th scope="col">Whose action</th><th scope="col">Processed?</th><th scope="col">Send again?</th></tr></thead>
<tbody>
${errors.flatMap(({ status }) => codesOf(status).map(row))}</tbody>
</table>
</div>
<h2 id="faults">By whose action</h2>
<dl class="members">
${(Object.keys(FAULTS) as Fault[]).map((fault) => codesByFault(fault, errors))}</dl>
<h2 id="success">Success</h2>
<p>Any 2xx is a success, with the SMS API’s own status and body.</p>
<dl class="members">
${STATUSES.filter(({ status }) => status < 300).map(success)}</dl>
${errors.map(section)}${OTHERS}${deliveryCodes()}
</main>`;
}

const ERROR_FORMAT =
  markup`<p>The body of an error is a JSON object with exactly two members, both strings; a
404 has no body.</p>
<pre tabindex="0" role="region" aria-label="An error"><code>HTTP/1.1 403 Forbidden
Content-Type: application/json
X-Error-Origin: upstream
X-Request-Id: 01M811DQAATDMZJWD8SKEN4XM7
Link: &lt;${PATHS.errors}#unknown_group&gt;; rel="help"

{"code":"unknown_group","text":"The group ID is unknown: 01FC66621VHDBN119Z8PMV1QPU."}</code></pre>
<dl class="members">
<dt><code>code</code></dt>
<dd>for programs. Codes will be added: handle unknown ones.</dd>
<dt><code>text</code></dt>
<dd>for people: what went wrong and what to do. Do not parse it.</dd>
<dt><code>X-Error-Origin</code></dt>
<dd>where the error comes from: <code>gateway</code>, or <code>upstream</code>, which is the SMS API.</dd>
<dt><code>X-Request-Id</code></dt>
<dd>identifies this request in logs and traces: report it with the error.</dd>
<dt><code>Link</code></dt>
<dd>the explanation of the error on this page.</dd>
</dl>`;

function deliveryCodes(): Markup {
  return markup`<section>
<h2 id="delivery-codes">Codes of delivery reports</h2>
<p>The <code>code</code> of a delivery report says why a message has its status. These are the SMS
API’s own; 0 is a delivered message, and others are those of operators (SMPP). Codes will be
added.</p>
<div class="scroll" tabindex="0" role="region" aria-labelledby="delivery-codes">
<table>
<thead><tr><th scope="col">Code</th><th scope="col">Name</th><th scope="col">Status</th><th scope="col">Meaning</th></tr></thead>
<tbody>
${
    DELIVERY_CODES.map(({ code, name, status = "", meaning }) =>
      markup`<tr id="delivery-code-${code}">
<td>${code}</td>
<td>${name}</td>
<td>${status}</td>
<td>${meaning}</td>
</tr>
`
    )
  }</tbody>
</table>
</div>
</section>`;
}

const OTHERS = markup`<section aria-labelledby="${OTHER_STATUSES}">
<h2 id="${OTHER_STATUSES}">Other statuses</h2>
<p>The SMS API may add statuses. A 4xx that is not on this page keeps its number, its
<code>code</code> and its <code>text</code>; its meaning is that of RFC 9110. Change the request
before you send it again.</p>
<p>A redirect, or a 5xx that the SMS API does not document, becomes a 502
<code>upstream_failed</code>: it is not known whether the request was processed.</p>
</section>`;

function row([code, { status, fault, processed, retry }]: [CatalogCode, CatalogEntry]): Markup {
  return markup`<tr>
<td><a href="#${statusAnchor(status)}">${status}</a></td>
<td><a href="#${code}"><code>${code}</code></a></td>
<td>${FAULTS[fault].short}</td>
<td>${PROCESSED[processed]}</td>
<td>${RETRIES[retry].short}</td>
</tr>
`;
}

function codesByFault(fault: Fault, errors: readonly StatusNotes[]): Markup {
  const codes = errors.flatMap(({ status }) => codesOf(status))
    .filter(([, entry]) => entry.fault === fault);
  return markup`<dt>${FAULTS[fault].long}</dt>
<dd>${codes.map(([code]) => markup`<a href="#${code}"><code>${code}</code></a> `)}</dd>
`;
}

function success({ status, phrase, meaning }: StatusNotes): Markup {
  return markup`<dt id="${statusAnchor(status)}">${status} ${phrase}</dt>
<dd>${meaning}</dd>
`;
}

function section({ status, phrase, meaning, headers = [] }: StatusNotes): Markup {
  const anchor = statusAnchor(status);
  return markup`<section aria-labelledby="${anchor}">
<h2 id="${anchor}">${status} ${phrase}</h2>
<p>${meaning}</p>
${headers.map(headerNote)}${codesOf(status).map(article)}${
    status === 404 ? pathProblems() : ""
  }</section>
`;
}

/** Explains the 404s whose path shows an error in the settings of the client. */
function pathProblems(): Markup {
  const problems = Object.entries(PATH_PROBLEMS) as [
    PathProblem,
    { meaning: string; help: string },
  ][];
  return markup`${
    problems.map(([problem, { meaning, help }]) => {
      const anchor = pathProblemAnchor(problem);
      return markup`<article aria-labelledby="${anchor}">
<h3 id="${anchor}"><a href="#${anchor}">A wrong path: ${problem.replaceAll("_", " ")}</a></h3>
<p>${meaning} ${help} Nothing was sent to the SMS API.</p>
</article>
`;
    })
  }`;
}

function headerNote(header: string): Markup {
  return markup`<p>The response has the header <code>${header}</code>.</p>
`;
}

function article(
  [code, { meaning, help, fault, processed, retry }]: [CatalogCode, CatalogEntry],
): Markup {
  return markup`<article aria-labelledby="${code}">
<h3 id="${code}"><a href="#${code}"><code>${code}</code></a></h3>
<p>${meaning}</p>
<dl class="facts">
<dt>What to do</dt>
<dd>${help}</dd>
<dt>Whose action</dt>
<dd>${FAULTS[fault].long}</dd>
<dt>Was it processed?</dt>
<dd>${PROCESSED[processed]}</dd>
<dt>Send it again?</dt>
<dd>${RETRIES[retry].long}</dd>
</dl>
</article>
`;
}
