import { CATALOG, type CatalogCode, type CatalogEntry } from "./catalog.ts";

/** Description of a status in the API reference. */
export interface StatusNotes {
  readonly status: number;
  /** The reason phrase of RFC 9110. */
  readonly phrase: string;
  readonly meaning: string;
  /** Name of its component in the OpenAPI document; absent for a success and for 499. */
  readonly component?: string;
  /** Headers that not every response has; keys of `HEADERS` in the reference. */
  readonly headers?: readonly string[];
}

/** Every status of contract.md §2 in order, and 499, which occurs only in logs and traces. */
export const STATUSES: readonly StatusNotes[] = [
  {
    status: 200,
    phrase: "OK",
    meaning: "The request was successful. The body is the SMS API's, byte for byte.",
  },
  {
    status: 201,
    phrase: "Created",
    meaning: "The POST request was successful and a new resource was created.",
  },
  {
    status: 202,
    phrase: "Accepted",
    meaning: "The request was accepted. There is no response body.",
  },
  {
    status: 400,
    phrase: "Bad Request",
    meaning: "The request does not conform to the API. The text says what is wrong with it.",
    component: "BadRequest",
  },
  {
    status: 401,
    phrase: "Unauthorized",
    meaning: "The bearer token is missing, or not valid for this service plan.",
    component: "Unauthorized",
    headers: ["WWW-Authenticate"],
  },
  {
    status: 403,
    phrase: "Forbidden",
    meaning:
      "The request is valid but cannot be performed, for example because something it refers to does not exist.",
    component: "Forbidden",
  },
  {
    status: 404,
    phrase: "Not Found",
    meaning: "The path is invalid or no resource exists with the given ID. There is no body.",
    component: "NotFound",
  },
  {
    status: 405,
    phrase: "Method Not Allowed",
    meaning: "The path is valid but not for this method.",
    component: "MethodNotAllowed",
    headers: ["Allow"],
  },
  {
    status: 409,
    phrase: "Conflict",
    meaning: "The first request with this Idempotency-Key is still under way.",
    component: "Conflict",
    headers: ["Retry-After"],
  },
  {
    status: 415,
    phrase: "Unsupported Media Type",
    meaning: "The Content-Type header is missing or is not application/json.",
    component: "UnsupportedMediaType",
    headers: ["Accept"],
  },
  {
    status: 422,
    phrase: "Unprocessable Content",
    meaning: "The Idempotency-Key belongs to another request.",
    component: "UnprocessableContent",
  },
  {
    status: 429,
    phrase: "Too Many Requests",
    meaning:
      "The caller or the path has too many outstanding requests, or a budget of message parts is used up.",
    component: "TooManyRequests",
    headers: ["Retry-After", "RateLimit", "RateLimit-Policy"],
  },
  {
    status: 499,
    phrase: "Client Closed Request",
    meaning:
      "The caller closed the connection before it was answered. It is in logs and traces only; no caller sees it.",
  },
  {
    status: 500,
    phrase: "Internal Server Error",
    meaning: "An unexpected error. The request was not processed.",
    component: "InternalServerError",
  },
  {
    status: 502,
    phrase: "Bad Gateway",
    meaning:
      "The request was sent to the SMS API, and it is not known whether it was processed. The code is internal_error where the gateway itself failed after sending.",
    component: "BadGateway",
  },
  {
    status: 503,
    phrase: "Service Unavailable",
    meaning:
      "Something that is needed is not available at this point; the code says what. The request was not processed.",
    component: "ServiceUnavailable",
    headers: ["Retry-After"],
  },
  {
    status: 504,
    phrase: "Gateway Timeout",
    meaning:
      "The request was sent to the SMS API, which did not answer in time. It is not known whether it was processed.",
    component: "GatewayTimeout",
  },
];

/** The codes of a status, in the order of the catalog. */
export function codesOf(status: number): [code: CatalogCode, entry: CatalogEntry][] {
  return (Object.entries(CATALOG) as [CatalogCode, CatalogEntry][])
    .filter(([, entry]) => entry.status === status);
}
