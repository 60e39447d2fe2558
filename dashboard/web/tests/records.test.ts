import assert from "node:assert/strict";
import { test } from "node:test";

import { read_all, read_call, read_load, read_policy, read_second, read_service, read_status } from "../src/model/records";

const READERS = { read_call, read_load, read_policy, read_second, read_service, read_status };
const HOSTILE: unknown[] = [null, undefined, 0, "", "x", [], [1], {}, { id: 7 }, { id: "" }, { at: "now" }, { state: [] }, { name: {} },
  { id: "c1", parties: "10.0.0.1", actions: { policy: 1 }, mos: [1, 2, 3], bitrate_kbps: "fast", start: NaN },
  { at: 1, bytes: [[1], "x"], link: 5 }, { name: "p", flows: null }, { state: "inspecting", links: [1, { name: 2 }], drops: [1], alarms: [4, "x"] }];

test("whatever comes, a reader gives the whole shape or null, and does not throw", () => {
  for (const [name, read] of Object.entries(READERS)) {
    for (const value of HOSTILE) {
      const got = read(value);
      if (got !== null) for (const [key, field] of Object.entries(got)) assert.notEqual(field, undefined, `${name} ${key}`);
    }
  }
});

test("holes are filled, wrong types dropped", () => {
  const call = read_call({ id: "c1", parties: ["10.0.0.1", 5], mos: [1.8, "bad"], actions: [{ policy: "p", action: "degrade" }, 3] });
  assert.ok(call);
  assert.deepEqual(call.parties, ["10.0.0.1"]);
  assert.deepEqual(call.mos, [1.8, null]);
  assert.deepEqual(call.actions, [{ policy: "p", action: "degrade", flows: [], since: 0 }]);
  assert.deepEqual(read_second({ at: 1, bytes: [[1, 2], [3]] })?.bytes, [[1, 2], [3, 0]]);
  assert.deepEqual(read_status({ state: "bypass", drops: { a: 1, b: "x" } })?.drops, { a: 1, b: 0 });
});

test("an engine that does not answer is told apart from one that does", () => {
  const of = (appliance: unknown) => read_service({ appliance })?.engine;
  assert.equal(of({ type: "status", state: "inspecting" }), true);
  assert.equal(of({ type: "status", state: "unreachable" }), false);
  assert.equal(of(null), false);
});

test("lists that are none are empty", () => {
  assert.deepEqual(read_all({ 0: 1 }, read_call), []);
  assert.deepEqual(read_all([{ id: "a" }, null, 4], read_call).length, 1);
});
