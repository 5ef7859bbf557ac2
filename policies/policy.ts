import * as v from "valibot";
import { COUNTRY_CODES } from "./countries.ts";
import { toSender } from "./msisdn.ts";

/** Maximum number of policies: as many as fit into the largest file of settings, 8 MiB. */
export const MAX_POLICIES = 10_000;

/** Maximum number of entries of a list in a policy. */
export const MAX_ENTRIES = 1_000;

/** Maximum budget, in message parts: sums of budgets stay exact integers in every store. */
const MAX_MESSAGES = 1_000_000_000;

const amount = v.pipe(
  v.number(),
  v.integer("must be a whole number"),
  v.minValue(1, "must be 1 or more"),
  v.maxValue(MAX_MESSAGES, `must be at most ${MAX_MESSAGES}`),
);

const Messages = v.pipe(
  v.strictObject({
    per_minute: v.optional(v.pipe(amount, v.description("Message parts in a minute (UTC)"))),
    per_hour: v.optional(v.pipe(amount, v.description("Message parts in an hour (UTC)"))),
    per_day: v.optional(v.pipe(amount, v.description("Message parts in a day (UTC)"))),
  }),
  v.minEntries(1, "must have per_minute, per_hour or per_day"),
);

const Caller = v.pipe(
  v.string(),
  v.regex(/^(?:[^*]{1,255}\*?|\*)$/, "must be a subject, with * at the end only"),
);

/** The rule for a country; the JSON Schema has the values instead. */
export const isCountry = v.check<string, string>(
  (code) => COUNTRY_CODES.has(code),
  "must be an ISO 3166-1 code in capitals, such as SE",
);

const Country = v.pipe(v.string(), isCountry);

const Sender = v.pipe(
  v.string(),
  v.check(
    (sender) => toSender(sender) !== undefined,
    "must be a phone number, a short code or a name of 1 to 11 characters",
  ),
);

function listOf<T extends v.GenericSchema>(item: T) {
  return v.pipe(
    v.array(item),
    v.minLength(1, "must not be empty"),
    v.maxLength(MAX_ENTRIES, `must have at most ${MAX_ENTRIES} entries`),
  );
}

/** A policy as it is written in `POLICIES`; an unknown member is a fault, as it may be misspelt. */
export const PolicySchema = v.strictObject({
  name: v.pipe(
    v.string(),
    v.regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, _ and -"),
    v.description("Name in metrics, logs and answers; no two policies have the same"),
  ),
  callers: v.pipe(
    listOf(Caller),
    v.description("Subjects (`sub`) of tokens; `*` at the end matches any rest"),
  ),
  messages: v.optional(v.pipe(
    Messages,
    v.description("Budgets in message parts, as the SMS API bills them: recipients × parts"),
  )),
  countries: v.optional(v.pipe(
    listOf(Country),
    v.description("Countries that recipients may belong to; default: all"),
  )),
  senders: v.optional(v.pipe(
    listOf(Sender),
    v.description("Values that `from` may have, which is then required; default: all"),
  )),
  groups: v.pipe(
    v.optional(v.boolean(), true),
    v.description("Whether recipients may be groups; their members are judged too"),
  ),
  mode: v.pipe(
    v.optional(v.picklist(["live", "test", "warn"]), "live"),
    v.description(
      "`test` sends everything to `TEST_API_URL`; `warn` refuses nothing and reports what it would refuse",
    ),
  ),
});

/** The list of policies as it is written in `POLICIES`. */
export const PoliciesSchema = v.pipe(
  v.array(PolicySchema),
  v.maxLength(MAX_POLICIES, `must have at most ${MAX_POLICIES} policies`),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const seen = new Set<string>();
    for (const [index, policy] of dataset.value.entries()) {
      if (seen.has(policy.name)) {
        const at = { type: "array", origin: "value", input: dataset.value } as const;
        const within = { type: "object", origin: "value", input: { ...policy } } as const;
        addIssue({
          message: "is the name of an earlier policy",
          path: [
            { ...at, key: index, value: policy },
            { ...within, key: "name", value: policy.name },
          ],
        });
      }
      seen.add(policy.name);
    }
  }),
);

/** Budgets in message parts (contract.md §7). */
export interface MessageBudgets {
  readonly perMinute?: number;
  readonly perHour?: number;
  readonly perDay?: number;
}

/** What matching callers may send (contract.md §7). An absent rule allows everything. */
export interface Policy {
  /** 1 to 64 of `[A-Za-z0-9_-]`; unique. */
  readonly name: string;
  /** Subjects; `*` at the end matches any rest. */
  readonly callers: readonly string[];
  readonly messages?: MessageBudgets;
  /** ISO 3166-1 codes. */
  readonly countries?: ReadonlySet<string>;
  /** Allowed senders, phone numbers and short codes as digits. */
  readonly senders?: ReadonlySet<string>;
  readonly groups: boolean;
  readonly mode: "live" | "test" | "warn";
}

/** `POLICIES`, parsed: from an array to {@linkcode Policy}. */
export const policiesSchema = v.pipe(PoliciesSchema, v.transform((list) => list.map(toPolicy)));

function toPolicy(
  { name, callers, messages, countries, senders, groups, mode }: v.InferOutput<typeof PolicySchema>,
): Policy {
  return {
    name,
    callers,
    groups,
    mode,
    ...messages && { messages: toBudgets(messages) },
    ...countries && { countries: new Set(countries) },
    ...senders && { senders: new Set(senders.map((sender) => toSender(sender) ?? sender)) },
  };
}

function toBudgets(
  { per_minute, per_hour, per_day }: v.InferOutput<typeof Messages>,
): MessageBudgets {
  return {
    ...per_minute !== undefined && { perMinute: per_minute },
    ...per_hour !== undefined && { perHour: per_hour },
    ...per_day !== undefined && { perDay: per_day },
  };
}

/** A rule of a policy that a request breaks: a value of metrics, spans and logs. */
export type Violation =
  /** The SMS API could read something else in the body than the gateway does. */
  | "body"
  | "sender"
  /** A recipient is a group, which the policy does not allow. */
  | "groups"
  /** The members of a group cannot be judged: there are too many. */
  | "group_size"
  /** A recipient is in another country, or its country is not certain. */
  | "country"
  /** A budget does not have the message parts left. */
  | "quota";

/** A rule that the message alone breaks; budgets depend on what was sent before. */
export type MessageViolation = Exclude<Violation, "quota">;

/** What a policy says of one request; part of `Exchange`. */
export interface AppliedPolicy {
  readonly policy: Policy;
  /** Message parts to bill: the sum over all recipients. 0 if the request sends nothing. */
  readonly messages: number;
  readonly recipients: number;
  /** Most parts that one recipient gets. */
  readonly parts: number;
  /**
   * Country → message parts, `messages` in all. The keys are countries that the policy names, and
   * `other` for the rest: numbers of other countries, or whose country is not known.
   */
  readonly countries: ReadonlyMap<string, number>;
  /** The rules that the request breaks; in the mode `warn` it is sent nevertheless. */
  readonly violations: readonly Violation[];
}
