import assert from "node:assert/strict";
import { test } from "node:test";

import { Feed, type FeedState } from "../src/net/events";

/** A clock that only goes when told; timers of the page hang on it. */
class Clock {
  now = 1_000_000;
  private timers_ = new Map<number, { at: number; every: number; then: () => void }>();
  private next_ = 1;
  private add = (then: () => void, ms: number, every: number) => {
    this.timers_.set(this.next_, { at: this.now + ms, every, then });
    return this.next_++;
  };
  readonly window = {
    setInterval: (then: () => void, ms: number) => this.add(then, ms, ms),
    setTimeout: (then: () => void, ms: number) => this.add(then, ms, 0),
    clearInterval: (id: number) => this.timers_.delete(id),
    clearTimeout: (id: number) => this.timers_.delete(id),
  };
  async go(ms: number): Promise<void> {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += 100;
      for (const [id, timer] of [...this.timers_]) {
        if (timer.at > this.now) continue;
        if (timer.every > 0) timer.at += timer.every;
        else this.timers_.delete(id);
        timer.then();
      }
      await Promise.resolve();
      await Promise.resolve();
    }
  }
}

class Source {
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;
  private heard_ = new Map<string, (event: { data: string }) => void>();
  addEventListener(topic: string, then: (event: { data: string }) => void): void {
    this.heard_.set(topic, then);
  }
  close(): void {
    this.closed = true;
  }
  tell(topic: string, data: string): void {
    this.heard_.get(topic)?.({ data });
  }
}

function set_up(): { clock: Clock; sources: Source[]; states: FeedState[]; events: unknown[]; world: { alive: boolean; opened: number; asked: number }; feed: Feed } {
  const clock = new Clock();
  (globalThis as unknown as { window: unknown }).window = clock.window;
  Date.now = () => clock.now;
  const sources: Source[] = [], states: FeedState[] = [], events: unknown[] = [];
  const world = { alive: true, opened: 0, asked: 0 };
  const feed = new Feed({
    url: "/events",
    topics: ["call"],
    on_event: (topic, data) => events.push([topic, data]),
    on_state: (state) => states.push({ ...state }),
    on_open: () => { world.opened += 1; },
    is_alive: () => { world.asked += 1; return Promise.resolve(world.alive); },
    open: () => { sources.push(new Source()); return sources[sources.length - 1] as unknown as EventSource; },
  });
  return { clock, sources, states, events, world, feed };
}
const last = <T>(list: T[]): T => list[list.length - 1] as T;

test("events are parsed, half ones passed over", () => {
  const { sources, events, feed, states, world } = set_up();
  feed.start();
  last(sources).onopen?.();
  last(sources).tell("call", '{"id":"c1"}');
  last(sources).tell("call", '{"id":');
  assert.deepEqual(events, [["call", { id: "c1" }]]);
  assert.deepEqual([last(states).phase, world.opened], ["open", 1]);
  feed.stop();
});

test("a stream that breaks comes again after growing pauses, and at once when asked", async () => {
  const { clock, sources, states, world, feed } = set_up();
  feed.start();
  last(sources).onopen?.();
  for (const pause of [1_000, 2_000, 4_000]) {
    const before = sources.length;
    last(sources).onerror?.();
    assert.deepEqual([last(states).phase, last(states).retry_at - clock.now], ["lost", pause]);
    await clock.go(pause - 200);
    assert.equal(sources.length, before);
    await clock.go(400);
    assert.equal(sources.length, before + 1);
  }
  assert.equal(world.asked, 3); // whether the session is the reason
  last(sources).onerror?.();
  const before = sources.length;
  feed.retry_now();
  assert.equal(sources.length, before + 1);
  last(sources).onopen?.();
  assert.deepEqual([last(states).phase, last(states).attempts, world.opened], ["open", 0, 2]);
  feed.stop();
});

test("silence is a loss only when the server does not answer either", async () => {
  const { clock, sources, states, world, feed } = set_up();
  feed.start();
  last(sources).onopen?.();
  await clock.go(20_000);
  assert.deepEqual([last(states).phase, sources.length], ["open", 1]);
  assert.ok(world.asked >= 1 && world.asked <= 3);
  world.alive = false;
  await clock.go(10_000);
  assert.ok(sources[0]?.closed);
  assert.equal(last(states).phase, "lost");
  feed.stop();
});

test("an opening that hangs is given up, and after stop nothing comes", async () => {
  const { clock, sources, states, feed } = set_up();
  feed.start();
  await clock.go(12_500);
  assert.ok(sources[0]?.closed && sources.length === 2, `${sources.length}`);
  feed.stop();
  const told = states.length, tried = sources.length;
  await clock.go(60_000);
  assert.deepEqual([states.length, sources.length, last(sources).closed], [told, tried, true]);
});
