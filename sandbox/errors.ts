/** The errors of the sandbox. See contract.md §2. */

/** Code → HTTP status: the documented codes, and those of the sandbox itself. */
export const REFUSALS = {
  syntax_invalid_json: 400,
  syntax_invalid_parameter_format: 400,
  syntax_constraint_violation: 400,
  unauthorized: 401,
  unknown_group: 403,
  unknown_campaign: 403,
  missing_callback_url: 403,
  blocked_account: 403,
  illegal_number_type: 403,
  conflict_group_name: 403,
  conflict_send_at: 403,
  batch_already_dispatched: 403,
  method_not_allowed: 405,
  unsupported_media_type: 415,
  too_many_requests: 429,
  internal_error: 500,
} as const satisfies Record<string, number>;

/** An error code of the sandbox. */
export type RefusalCode = keyof typeof REFUSALS;

/** An error response; `handler.ts` sends it as `{ code, text }`. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: RefusalCode, text: string, headers: Readonly<Record<string, string>> = {}) {
    super(text);
    this.name = "Refusal";
    this.code = code;
    this.headers = headers;
  }

  get status(): number {
    return REFUSALS[this.code];
  }
}

/** A resource that does not exist: 404 without a body, as the API answers. */
export class NotFound extends Error {
  override readonly name = "NotFound";
}
