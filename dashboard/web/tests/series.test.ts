import assert from "node:assert/strict";
import { test } from "node:test";

import type { LoadPoint, Second } from "../src/model/records";
import { history, LiveWindow, WINDOW_S } from "../src/model/series";

const second = (at: number, link = "a", calls = 125, rest = 250): Second => ({
  at, link, bytes: [[calls, calls * 2], [rest, rest * 2]], packets: [[1, 1], [1, 1]], dropped: 1, delayed: 2, calls: 3, degraded: 1,
});
const point = (at: number, calls = 1_250): LoadPoint => ({
  at, bytes: [[calls, calls], [0, 0]], packets: [[0, 0], [0, 0]], dropped: 0, delayed: 0, calls_most: 2, degraded_most: 1,
});

test("links add up, classes stack, out is above and in below", () => {
  const window = new LiveWindow();
  window.add(second(1_000));
  window.add(second(1_000, "b"));
  const got = window.columns(1_000);
  assert.deepEqual([got.at, got.calls_out, got.total_out, got.calls_in, got.total_in], [[1_000], [2_000], [6_000], [-4_000], [-12_000]]);
  assert.deepEqual([got.calls, got.degraded], [[3], [1]]); // of all links, not summed
});

test("a second told twice counts once", () => {
  const window = new LiveWindow();
  window.add(second(1_000));
  window.add(second(1_000));
  assert.deepEqual(window.columns(1_000).calls_out, [1_000]);
});

test("seconds that are missing are holes; those not told yet are not", () => {
  const window = new LiveWindow();
  for (const at of [1_000, 1_001, 1_005]) window.add(second(at));
  const got = window.columns(1_007);
  assert.deepEqual(got.at, [1_000, 1_001, 1_002, 1_003, 1_004, 1_005]);
  assert.deepEqual(got.calls_out, [1_000, 1_000, null, null, null, 1_000]);
});

test("the store's steps stand before the seconds and never beside them", () => {
  const window = new LiveWindow();
  window.begin([point(600), point(980), point(990), point(1_000)], 10, 1_003);
  window.add(second(1_000));
  const got = window.columns(1_000);
  assert.deepEqual(got.at, [980, 990, 1_000]);
  assert.deepEqual(got.calls_out, [1_000, 1_000, 1_000]);
});

test("the window stays bounded, also when clocks jump", () => {
  const window = new LiveWindow();
  for (let at = 0; at < 10 * WINDOW_S; at += 1) window.add(second(at));
  assert.ok(window.columns(10 * WINDOW_S - 1).at.length <= WINDOW_S + 1);
  window.add(second(50)); // far back: begins anew
  assert.equal(window.newest, 50);
  assert.deepEqual(window.columns(50).at, [50]);
});

test("history has a hole where nothing is known, and no hole at the end", () => {
  const got = history([point(0), point(20), point(50, 1)], 0, 60, 10, 59);
  assert.deepEqual(got.at, [0, 10, 20]);
  assert.deepEqual(got.calls_out, [1_000, null, 1_000]); // of 50 there will be more
  assert.deepEqual(history([point(0)], 0, 60, 10, 60).calls_out, [1_000, null, null, null]);
  assert.deepEqual(history([], 0, 0, 1, 0).at, []);
});
