import assert from "node:assert/strict";
import { test } from "node:test";

import { median, ROWS_MAX, select, together } from "../src/model/calls";
import { type Call, read_call } from "../src/model/records";
import { action_words, alarm_sentence, bare, harms, state_words } from "../src/model/sentences";
import { pause_ms } from "../src/net/events";

const call = (id: string, more: object = {}): Call => read_call({ id, app: "WebRTC", start: Number(id.slice(1)), mos: [4, 4.2], mos_before: [4, 4], ...more }) as Call;
const hit = { actions: [{ policy: "softphones", action: "degrade" }], mos: [1.8, 1.6] };
const ids = (calls: Call[]) => calls.map((one) => one.id).join(" ");

test("orders", () => {
  const all = [call("c1"), call("c2", hit), call("c3"), call("c4", { mos: [null, null] })];
  assert.equal(ids(select(all, "acted", "", 9).rows), "c2 c4 c3 c1");
  assert.equal(ids(select(all, "newest", "", 9).rows), "c4 c3 c2 c1");
  assert.equal(ids(select(all, "longest", "", 9).rows), "c1 c2 c3 c4");
  assert.equal(ids(select(all, "worst", "", 9).rows), "c2 c1 c3 c4");
});

test("every word must be found, in any field", () => {
  const all = [call("c1", { app: "Skype", parties: ["10.0.0.1"] }), call("c2", hit)];
  assert.equal(ids(select(all, "newest", " SKYPE 10.0", 9).rows), "c1");
  assert.equal(ids(select(all, "newest", "softph", 9).rows), "c2");
  assert.equal(select(all, "newest", "nothing", 9).matching, 0);
});

test("two thousand calls are a bounded number of rows, and the rest is counted", () => {
  const all = Array.from({ length: 2_000 }, (_, i) => call(`c${i}`));
  const first = select(all, "newest", "", 50);
  assert.deepEqual([first.rows.length, first.matching, first.more], [50, 2_000, 1_950]);
  assert.equal(select(all, "newest", "", 1e9).rows.length, ROWS_MAX);
});

test("what calls say together: medians of those acted on, and of the others", () => {
  const sum = together([call("c1"), call("c2", hit), call("c3", { mos: [null, null] })]);
  assert.deepEqual(sum, { calls: 3, harmed: 1, harmed_before: 4, harmed_now: 1.7000000000000002, others_now: 4.1 });
  assert.equal(median([]), null);
  assert.equal(median([3, 1, 2]), 2);
});

test("words", () => {
  assert.deepEqual([action_words("degrade"), action_words("{ limit: { rate: 1kbit } }"), action_words("odd")], ["degraded", "limited", "odd"]);
  assert.deepEqual([bare("{ app: [SIP] }"), bare("{}"), bare(""), bare("allow"), bare("{ degrade: { mos: 1.8 } }")],
                   ["app: [SIP]", "everything", "everything", "allow", "degrade: { mos: 1.8 }"]);
  assert.ok(harms("{ degrade: { mos: 1.8 } }") && harms("degrade") && harms("limit { rate }") && !harms("allow") && !harms("prioritise"));
  assert.equal(alarm_sentence("port_down"), "A port has no carrier.");
  assert.equal(alarm_sentence("new_thing"), "Alarm: new thing.");
  assert.deepEqual([state_words("inspecting").tone, state_words(null).tone, state_words("unreachable").tone, state_words("novel").label], ["good", "off", "off", "novel"]);
});

test("pauses between attempts grow to a bound", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 100].map(pause_ms), [1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
});
