import { page } from "./layout.ts";
import { markup } from "./markup.ts";
import { PATHS } from "./paths.ts";

/** The page of the operations, which Swagger UI renders in the browser. */
export function referencePage(): string {
  return page({
    title: "API reference",
    path: PATHS.reference,
    description: "Every operation of the SMS gateway, with requests, responses and errors.",
    styles: [PATHS.swaggerUiStyle],
    scripts: [PATHS.swaggerUi, PATHS.boot],
  }, CONTENT);
}

const CONTENT = markup`<section class="text" id="content" aria-labelledby="title">
<h1 id="title">API reference</h1>
<p>The Sinch SMS REST API behind a gateway: the same paths, bodies and successful answers, with
your own bearer token in place of the API’s credentials.</p>
<ul>
<li>An error is always <code>{"code","text"}</code> (404: no body). <code>X-Error-Origin</code>
names its origin, <code>Link</code> points to <a href="${PATHS.errors}">the meaning of each status and code</a>.</li>
<li><code>X-Request-Id</code> is on every response; <code>HEAD</code> is served wherever
<code>GET</code> is.</li>
<li>A POST is never sent to the API twice by the gateway; if it is not known whether a POST
was processed, the <code>text</code> says so.</li>
</ul>
<p>“Try it out” sends real requests from this page to this gateway: enter your token under
“Authorize” first.</p>
<h2>Operations</h2>
</section>
<div class="operations">
<div id="reference" data-document="${PATHS.openapi}"></div>
<noscript><p class="text">The list of operations needs JavaScript; the same is in
<a href="${PATHS.openapi}">openapi.json</a>.</p></noscript>
</div>`;
