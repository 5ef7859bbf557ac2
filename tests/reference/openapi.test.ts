import { assert, assertEquals } from "@std/assert";
import * as v from "valibot";
import { CATALOG, type CatalogEntry } from "../../errors/catalog.ts";
import { STATUSES } from "../../errors/statuses.ts";
import { parseKey } from "../../idempotency/key.ts";
import { OPERATIONS } from "../../operations.ts";
import { EXAMPLES } from "../../reference/examples.ts";
import { componentSchemas } from "../../reference/json_schema.ts";
import { MEMBERS } from "../../reference/members.ts";
import { openApiDocument } from "../../reference/openapi.ts";
import { NOTES } from "../../reference/operations.ts";
import * as schemas from "../../schemas/mod.ts";

// deno-lint-ignore no-explicit-any -- tests read any member of the generated document
type Json = any;

const document: Json = openApiDocument();

/** Every value under this key in a document, with its path. */
function valuesOf(key: string, value: Json, path = "#"): [path: string, value: Json][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]): [string, Json][] => [
    ...(name === key ? [[path, inner] as [string, Json]] : []),
    ...valuesOf(key, inner, `${path}/${name}`),
  ]);
}

function resolve(pointer: string): Json {
  return pointer.split("/").slice(1).reduce((value, name) => value?.[name], document);
}

Deno.test("the document has exactly the operations of the gateway", () => {
  const documented = Object.entries<Json>(document.paths).flatMap(([path, methods]) =>
    Object.entries<Json>(methods).map(([method, { operationId }]) => [path, method, operationId])
  );
  assertEquals(
    documented.toSorted(),
    OPERATIONS.map(({ path, method, id }) => [path, method.toLowerCase(), id]).toSorted(),
  );
});

Deno.test("every operation documents its success and every status of an error", () => {
  for (const operation of OPERATIONS) {
    const { responses } = document.paths[operation.path][operation.method.toLowerCase()];
    const errors = STATUSES.filter(({ component, status }) =>
      component && (status !== 415 || NOTES[operation.id].request) &&
      (![409, 422].includes(status) || operation.method === "POST")
    );
    assertEquals(
      Object.keys(responses).map(Number),
      [operation.success, ...errors.map(({ status }) => status)].toSorted((a, b) => a - b),
      operation.id,
    );
  }
});

Deno.test("every error has its schema, its codes as examples and its headers; a 404 has no body", () => {
  for (const { status, component, headers = [] } of STATUSES) {
    if (!component) continue;
    const response = document.components.responses[component];
    assertEquals(Object.keys(response.headers), [
      "X-Request-Id",
      "X-Error-Origin",
      "Link",
      ...headers,
    ]);
    const codes = Object.entries<CatalogEntry>(CATALOG)
      .filter(([, entry]) => entry.status === status && !entry.onlyOf);
    assertEquals(
      Object.keys(response.content?.["application/json"].examples ?? {}),
      status === 404 ? [] : codes.map(([code]) => code),
    );
    for (const [code] of codes) assert(response.description.includes(`/docs/errors#${code})`));
  }
});

Deno.test("exactly the POST operations take an Idempotency-Key, and tell of a replay", () => {
  for (const { path, method, success } of OPERATIONS) {
    const { parameters, responses } = document.paths[path][method.toLowerCase()];
    const names = parameters.map(({ $ref, name }: Json) => name ?? resolve($ref).name);
    assertEquals(names.includes("Idempotency-Key"), method === "POST", `${method} ${path}`);
    const headers = Object.keys(responses[success].headers);
    assertEquals(headers.includes("Idempotent-Replayed"), method === "POST", `${method} ${path}`);
  }
});

Deno.test("the pattern of Idempotency-Key accepts what the gateway accepts", () => {
  const { schema, required } = document.components.parameters["Idempotency-Key"];
  assertEquals(required, undefined);
  const pattern = new RegExp(schema.pattern);
  const accepted = ["a", "~", "#", 'a"b', "a\\b", "a b", '"a"', '" a "', '"\\""', '"\\\\"', "'"];
  const refused = ["", '"', '""', '"a', '"a"b', '"a\\b"', "é", "a\n", "a\tb", "a\x7f"];
  for (const value of accepted) {
    assertEquals([pattern.test(value), parseKey(value) !== undefined], [true, true], value);
  }
  for (const value of refused) {
    assertEquals([pattern.test(value), parseKey(value) !== undefined], [false, false], value);
  }
  assertEquals(parseKey("k".repeat(schema.maxLength))?.length, schema.maxLength);
  assertEquals(parseKey("k".repeat(schema.maxLength + 1)), undefined);
});

Deno.test("every $ref resolves", () => {
  for (const [path, pointer] of valuesOf("$ref", document)) {
    assert(resolve(pointer) !== undefined, `${path} refers to ${pointer}`);
  }
  const ids = new Set<string>(OPERATIONS.map(({ id }) => id));
  for (const [path, links] of valuesOf("links", document)) {
    for (const { operationId } of Object.values<Json>(links)) assert(ids.has(operationId), path);
  }
});

Deno.test("every example matches the schema of its operation", () => {
  for (const { id } of OPERATIONS) {
    const { request, response } = NOTES[id];
    for (
      const [name, example] of [[request, EXAMPLES[id]?.request], [
        response,
        EXAMPLES[id]?.response,
      ]]
    ) {
      if (name === undefined) continue;
      assert(example !== undefined, `${id} has no example of ${name}`);
      v.assert(schemas[name as keyof typeof schemas] as v.GenericSchema, example);
    }
  }
});

Deno.test("every member and every query parameter has a description", () => {
  for (const [path, properties] of valuesOf("properties", document.components.schemas)) {
    for (const [name, member] of Object.entries<Json>(properties)) {
      assert(member.description, `${path}/${name}`);
    }
  }
  for (const [path, parameters] of valuesOf("parameters", document.paths)) {
    if (!Array.isArray(parameters)) continue;
    for (const parameter of parameters) {
      assert(parameter.$ref ?? parameter.description, `${path}: ${parameter.name}`);
    }
  }
});

Deno.test("every described member of a component exists", () => {
  const components = componentSchemas();
  for (const key of Object.keys(MEMBERS)) {
    const [owner = "", ...path] = key.split(".");
    if (path.length !== 1 || owner.endsWith("Query")) continue;
    const { properties } = components[owner] as { properties: object };
    assert(Object.hasOwn(properties, path[0] ?? ""), key);
  }
});
