/** The inbound messages that every service plan starts with, newest first. */

import type { Settings } from "./options.ts";
import type { Inbound } from "./resources.ts";
import { formatTimestamp } from "./timestamps.ts";

const MINUTE_MS = 60_000;

/** Messages of each type, two of them to a short code, received in the hour before the start. */
export function seedInbounds(settings: Settings): readonly Inbound[] {
  const startMs = settings.now();
  const received = (minutesAgo: number) => ({
    id: settings.newId(),
    received_at: formatTimestamp(startMs - minutesAgo * MINUTE_MS),
    sent_at: formatTimestamp(startMs - minutesAgo * MINUTE_MS - 1_500),
  });
  return [
    {
      type: "mo_text",
      from: "12025550121",
      to: "12025550199",
      body: "Yes, see you at ten.",
      client_reference: "appointment-17",
      ...received(5),
    },
    {
      type: "mo_text",
      from: "12025550122",
      to: "54321",
      body: "STOP",
      operator_id: "310410",
      ...received(10),
    },
    {
      type: "mo_binary",
      from: "12025550123",
      to: "54321",
      body: "AQIDBA==",
      udh: "0605040B8423F0",
      operator_id: "310260",
      ...received(20),
    },
    {
      type: "mo_media",
      from: "12025550124",
      to: "12025550199",
      body: {
        subject: "Receipt",
        message: "Here it is",
        media: [{
          url: "https://media.example.com/receipt.jpg",
          content_type: "image/jpeg",
          status: "Uploaded",
          code: 0,
        }],
      },
      ...received(40),
    },
  ];
}
