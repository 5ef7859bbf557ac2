import { literal, PYTHON, TYPESCRIPT } from "./literal.ts";
import type { SampleRequest } from "./sample.ts";

/** A curl command; `-i` shows the status, since a 404 has no body. */
export function curl({ method, url, body }: SampleRequest): string {
  const implied = body === undefined ? "GET" : "POST";
  const quoted = JSON.stringify(body, null, 2)?.replaceAll("'", `'\\''`);
  return [
    `curl -i${method === implied ? "" : ` -X ${method}`} '${url}'`,
    '-H "Authorization: Bearer $TOKEN"',
    ...(quoted === undefined ? [] : ["-H 'Content-Type: application/json'", `-d '${quoted}'`]),
  ].join(" \\\n  ");
}

/** A program with `fetch`, for Node, Deno and Bun. */
export function typescript({ method, url, body }: SampleRequest): string {
  const hasBody = body !== undefined;
  return `import process from "node:process";

const response = await fetch("${url}", {
  method: "${method}",
  headers: {
    authorization: \`Bearer \${process.env.TOKEN}\`,${
    hasBody ? '\n    "content-type": "application/json",' : ""
  }
  },${hasBody ? `\n  body: JSON.stringify(${literal(body, TYPESCRIPT, "  ")}),` : ""}
});
console.log(response.status, await response.text());`;
}

/** A program with the Python package \`requests\`. */
export function python({ method, url, body }: SampleRequest): string {
  const json = body === undefined ? "" : `\n    json=${indented(literal(body, PYTHON))},`;
  return `import os

import requests

response = requests.${method.toLowerCase()}(
    "${url}",
    headers={"Authorization": f"Bearer {os.environ['TOKEN']}"},${json}
)
print(response.status_code, response.text)`;
}

/** Indents a literal for an argument in Python, by four spaces per level. */
function indented(text: string): string {
  return text.replace(/\n( *)/g, (_, spaces: string) => `\n    ${spaces}${spaces}`);
}
