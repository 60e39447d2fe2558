import assert from "node:assert/strict";
import { test } from "node:test";

import { bytes, clock_of, codec, count, duration, milliseconds, mos, percent, rate, short_count } from "../src/model/units";

const plain = (text: string) => text.replaceAll("\u202f", " ");

test("rates and sizes have three digits and SI prefixes", () => {
  for (const [value, shown] of [[0, "0 bit/s"], [999, "999 bit/s"], [999.7, "1.00 kbit/s"], [1_000, "1.00 kbit/s"], [12_340, "12.3 kbit/s"],
    [99_960, "100 kbit/s"], [999_499, "999 kbit/s"], [999_500, "1.00 Mbit/s"], [2.5e9, "2.50 Gbit/s"], [-1_500, "\u22121.50 kbit/s"]] as const) {
    assert.equal(plain(rate(value)), shown);
  }
  assert.equal(plain(bytes(812_300_000)), "812 MB");
  assert.equal(plain(bytes(9e18)), "9000 PB");
});

test("counts are grouped, large ones short", () => {
  assert.equal(plain(count(1_234_567)), "1 234 567");
  assert.equal(plain(count(12)), "12");
  assert.equal(plain(short_count(99_999)), "99 999");
  assert.equal(plain(short_count(12_345_678)), "12.3 M");
});

test("what could not be measured is a dash, never a zero", () => {
  assert.deepEqual([mos(null), percent(null), milliseconds(null)], ["\u2013", "\u2013", "\u2013"]);
  assert.deepEqual([mos(1.84), plain(percent(0.0634)), plain(percent(0.5)), plain(milliseconds(249.6))], ["1.8", "6.3 %", "50 %", "250 ms"]);
});

test("durations", () => {
  for (const [value, shown] of [[-3, "0 s"], [4.9, "4 s"], [60, "1:00"], [187, "3:07"], [3_729, "1:02:09"], [183_600, "2 d 3 h"]] as const) {
    assert.equal(plain(duration(value)), shown);
  }
});

test("codecs by the names that people use", () => {
  assert.equal(plain(codec("opus~24k")), "Opus ~24 kbit/s");
  assert.equal(codec("pcma"), "G.711 A");
  assert.equal(codec("x-unheard-of"), "x-unheard-of");
  assert.equal(codec(null), "\u2013");
});

test("the clock is the site's, with 23 and 25 hour days; an unknown zone is UTC and says so", () => {
  const berlin = clock_of("Europe/Berlin");
  assert.equal(berlin.time(1_792_886_400 - 1), "01:59:59"); // 2026-10-24T23:59:59Z, summer time
  assert.equal(berlin.time(Date.UTC(2026, 9, 25, 1, 0, 0) / 1000), "02:00:00"); // the second 02:00 of that night
  assert.equal(berlin.time(Date.UTC(2026, 2, 29, 1, 0, 0) / 1000), "03:00:00");
  assert.equal(clock_of("Nowhere/Land").zone, "UTC");
});
