/** What a code of a delivery report means. */
export interface DeliveryCode {
  readonly code: number;
  readonly name: string;
  /** The status that goes with it; absent for codes of MMS, whose statuses vary. */
  readonly status?: string;
  readonly meaning: string;
}

/**
 * The SMS API's own codes of delivery reports, from its reference and its SDKs. Other codes are
 * those of operators (SMPP), and codes will be added.
 */
export const DELIVERY_CODES: readonly DeliveryCode[] = [
  {
    code: 400,
    name: "Queued",
    status: "Queued",
    meaning: "The message waits in the SMS API and is sent at the rate of the account.",
  },
  {
    code: 401,
    name: "Dispatched",
    status: "Dispatched",
    meaning: "The message was passed to the operator's message center (SMSC).",
  },
  {
    code: 402,
    name: "Message unroutable",
    status: "Aborted",
    meaning: "The SMSC rejected the message. Sending it again is likely to fail in the same way.",
  },
  {
    code: 403,
    name: "Internal error",
    status: "Aborted",
    meaning: "An unexpected error of the SMS API made the message fail.",
  },
  {
    code: 404,
    name: "Temporary delivery failure",
    status: "Aborted",
    meaning: "The delivery failed for a temporary reason. The message can be sent again.",
  },
  {
    code: 405,
    name: "Unmatched parameter",
    status: "Aborted",
    meaning: "A parameter in the message body has no value for this recipient.",
  },
  {
    code: 406,
    name: "Internal expiry",
    status: "Aborted",
    meaning:
      "The message expired before it reached the SMSC. Its expire_at may have been too early.",
  },
  {
    code: 407,
    name: "Cancelled",
    status: "Cancelled",
    meaning: "The sender cancelled the message before it reached the SMSC.",
  },
  {
    code: 408,
    name: "Internal reject",
    status: "Aborted",
    meaning: "The SMSC rejected the message. Sending it again is likely to fail in the same way.",
  },
  {
    code: 410,
    name: "Unmatched default originator",
    status: "Aborted",
    meaning: "The message has no sender, and no default sender fits this recipient.",
  },
  {
    code: 411,
    name: "Exceeded parts limit",
    status: "Aborted",
    meaning: "The message has more parts than max_number_of_message_parts allows.",
  },
  {
    code: 412,
    name: "Unprovisioned region",
    status: "Aborted",
    meaning: "The SMSC rejected the message: the account is not set up for this region.",
  },
  {
    code: 413,
    name: "Blocked",
    status: "Aborted",
    meaning: "The account is blocked, perhaps since its credit is used up. Ask Sinch's support.",
  },
  {
    code: 414,
    name: "Bad media",
    meaning: "MMS only: the URL of the media could not be reached, or answered with an error.",
  },
  {
    code: 415,
    name: "Delivery report rejected",
    meaning: "MMS only: the MMS gateway or the mobile network rejected the message.",
  },
  {
    code: 416,
    name: "Delivery report not supported",
    meaning: "MMS only: the message reached the message center (MMSC), which does not support it.",
  },
  {
    code: 417,
    name: "Delivery report unreachable",
    meaning: "MMS only: the network or the recipient could not be reached.",
  },
  {
    code: 418,
    name: "Delivery report unrecognized",
    meaning: "MMS only: the recipient's phone does not recognize the content of the message.",
  },
];

const MEANINGS = new Map(DELIVERY_CODES.map(({ code, name }) => [code, name]));

/** The name of one of the SMS API's own codes; undefined for others. */
export function deliveryCodeName(code: number): string | undefined {
  return MEANINGS.get(code);
}
