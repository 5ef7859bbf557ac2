import { assertEquals } from "@std/assert";
import { formatTimestamp, parseTimestamp } from "../../sandbox/timestamps.ts";

Deno.test("a timestamp may have no time and no offset, and is then read as UTC", () => {
  const cases: [text: string, utc: string | undefined][] = [
    ["2014-06-23", "2014-06-23T00:00:00.000Z"],
    ["2014-10-02T09:30Z", "2014-10-02T09:30:00.000Z"],
    ["2014-10-02T09:30:15", "2014-10-02T09:30:15.000Z"],
    ["2014-10-02T09:34:28.542Z", "2014-10-02T09:34:28.542Z"],
    ["2014-10-02T09:34:28.5Z", "2014-10-02T09:34:28.500Z"],
    ["2014-10-02T09:34:28.123456789Z", "2014-10-02T09:34:28.123Z"],
    ["2014-10-02T09:30+02:00", "2014-10-02T07:30:00.000Z"],
    ["2014-10-02T09:30-0530", "2014-10-02T15:00:00.000Z"],
    ["2014-10-02T09:30+02", "2014-10-02T07:30:00.000Z"],
    ["2016-02-29", "2016-02-29T00:00:00.000Z"],
    ["2014-02-29", undefined],
    ["2014-13-01", undefined],
    ["2014-10-02T25:00Z", undefined],
    ["2014-10-02T09:61Z", undefined],
    ["2014-10-02T09:30:99Z", undefined],
    ["2014-10-02T09:30+99:00", undefined],
    ["2014-10-02 09:30", undefined],
    ["tomorrow", undefined],
    ["", undefined],
  ];
  for (const [text, utc] of cases) {
    const ms = parseTimestamp(text);
    assertEquals(ms === undefined ? undefined : formatTimestamp(ms), utc, text);
  }
});
