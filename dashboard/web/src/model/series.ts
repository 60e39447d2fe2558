// Throughput over time as columns for the chart: bits per second by class, out above the axis and
// in below it, stacked. Steps that nothing is known of are holes, not zeros.
import type { LoadPoint, Pair, Second } from "./records";

export interface Columns {
  at: number[];
  calls_out: (number | null)[];
  total_out: (number | null)[];
  calls_in: (number | null)[]; // negative: drawn below the axis
  total_in: (number | null)[];
  calls: (number | null)[];
  degraded: (number | null)[];
}

interface Slot {
  bytes: Pair<Pair<number>>;
  dropped: number;
  delayed: number;
  calls: number;
  degraded: number;
  links: Set<string>;
}

export const WINDOW_S = 300;
const SLOTS_MAX = WINDOW_S * 2;

const empty = (): Columns => ({
  at: [], calls_out: [], total_out: [], calls_in: [], total_in: [], calls: [], degraded: [],
});

function push(to: Columns, at: number, bytes: Pair<Pair<number>> | null, seconds: number, calls: number,
              degraded: number): void {
  const bits = (value: number) => (value * 8) / seconds;
  to.at.push(at);
  to.calls_out.push(bytes && bits(bytes[0][0]));
  to.total_out.push(bytes && bits(bytes[0][0] + bytes[1][0]));
  to.calls_in.push(bytes && -bits(bytes[0][1]));
  to.total_in.push(bytes && -bits(bytes[0][1] + bytes[1][1]));
  to.calls.push(bytes && calls);
  to.degraded.push(bytes && degraded);
}

/** A second is in the store by then: it is told when it is over, and batches wait for a part of one. */
const STORED_AFTER_S = 2;

/** The last five minutes, second by second; of all links together. */
export class LiveWindow {
  private readonly slots_ = new Map<number, Slot>();
  private coarse_: LoadPoint[] = [];
  private coarse_step_ = 10;
  newest = 0;

  /** What the store knows of the time before the stream began. A step that runs still, or whose last seconds may be on
   *  their way into the store, would look like a slump. */
  begin(points: LoadPoint[], step: number, now: number): void {
    this.coarse_ = points.filter((one) => one.at + step + STORED_AFTER_S <= now);
    this.coarse_step_ = step;
  }

  add(second: Second): void {
    const at = Math.floor(second.at);
    // A clock that jumped back begins anew; one slot far ahead must not empty the window.
    if (at < this.newest - 2 * WINDOW_S) this.slots_.clear();
    let slot = this.slots_.get(at);
    if (slot === undefined) {
      slot = { bytes: [[0, 0], [0, 0]], dropped: 0, delayed: 0, calls: 0, degraded: 0, links: new Set() };
      this.slots_.set(at, slot);
    }
    if (slot.links.has(second.link)) return; // told twice, after a reconnect
    slot.links.add(second.link);
    for (const which of [0, 1] as const) {
      for (const way of [0, 1] as const) slot.bytes[which][way] += second.bytes[which][way];
    }
    slot.dropped += second.dropped;
    slot.delayed += second.delayed;
    slot.calls = Math.max(slot.calls, second.calls);
    slot.degraded = Math.max(slot.degraded, second.degraded);
    this.newest = this.slots_.size === 1 ? at : Math.max(this.newest, at);
    if (this.slots_.size > SLOTS_MAX) {
      for (const key of this.slots_.keys()) if (key < this.newest - WINDOW_S) this.slots_.delete(key);
    }
  }

  /** The newest second that is whole (the one before the newest), or null. */
  last(): Slot | null {
    return this.slots_.get(this.newest - 1) ?? this.slots_.get(this.newest) ?? null;
  }

  /** Columns that end at `until` (seconds): coarse steps first, seconds from where they begin. */
  columns(until: number): Columns {
    const out = empty();
    const from = until - WINDOW_S;
    const keys = [...this.slots_.keys()].filter((at) => at >= from && at <= until);
    const first = keys.length > 0 ? Math.min(...keys) : until;
    for (const point of this.coarse_) {
      if (point.at + this.coarse_step_ < from || point.at >= first) continue;
      push(out, point.at, point.bytes, this.coarse_step_, point.calls_most, point.degraded_most);
    }
    for (let at = first; at <= until; at += 1) {
      const slot = this.slots_.get(at);
      if (slot === undefined && at > until - 3) continue; // not told yet: no hole
      push(out, at, slot?.bytes ?? null, 1, slot?.calls ?? 0, slot?.degraded ?? 0);
    }
    return out;
  }
}

/** History in steps of `step` seconds over [from, to): steps that are missing become holes, the one that runs is left out. */
export function history(points: LoadPoint[], from: number, to: number, step: number, now: number): Columns {
  const out = empty();
  const by_step = new Map(points.map((one) => [Math.floor(one.at / step), one]));
  for (let at = Math.floor(from / step); at < Math.ceil(to / step); at += 1) {
    const point = by_step.get(at);
    if ((at + 1) * step > now) break;
    if (point === undefined && (at + 3) * step > now) continue; // not told yet
    push(out, at * step, point?.bytes ?? null, step, point?.calls_most ?? 0, point?.degraded_most ?? 0);
  }
  return out;
}
