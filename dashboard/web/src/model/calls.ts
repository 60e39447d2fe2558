// Which calls the table shows, in which order, and what they say together.
import type { Call, Measure, Pair } from "./records";
import { harms } from "./sentences";

export type Order = "acted" | "newest" | "longest" | "worst";
export const ROWS_FIRST = 50;
export const ROWS_MORE = 100;
export const ROWS_MAX = 350;

/** What makes the call worse at present, if anything does. */
export const harmed = (call: Call): boolean => call.actions.some((one) => harms(one.action));

const lowest = (both: Pair<Measure>): number => Math.min(both[0] ?? 9, both[1] ?? 9);

const ORDERS: Record<Order, (a: Call, b: Call) => number> = {
  acted: (a, b) => Number(harmed(b)) - Number(harmed(a)) || b.start - a.start,
  newest: (a, b) => b.start - a.start,
  longest: (a, b) => a.start - b.start,
  worst: (a, b) => lowest(a.mos) - lowest(b.mos),
};

/** Every word must occur in application, parties, codec, policy or action. */
export function matches(call: Call, words: string[]): boolean {
  if (words.length === 0) return true;
  const told = [call.app, ...call.parties, call.codec ?? "", ...call.media,
                ...call.actions.flatMap((one) => [one.policy, one.action])].join(" ").toLowerCase();
  return words.every((word) => told.includes(word));
}

export interface Selection {
  rows: Call[];
  matching: number; // of all
  more: number; // matching, but not among the rows
}

export function select(calls: Iterable<Call>, order: Order, filter: string, most: number): Selection {
  const words = filter.toLowerCase().split(/\s+/).filter((word) => word !== "").slice(0, 8);
  const found = [...calls].filter((call) => matches(call, words));
  found.sort((a, b) => ORDERS[order](a, b) || (a.id < b.id ? -1 : 1));
  const rows = found.slice(0, Math.min(most, ROWS_MAX));
  return { rows, matching: found.length, more: found.length - rows.length };
}

export interface Together {
  calls: number;
  harmed: number;
  harmed_before: Measure; // medians over calls and directions
  harmed_now: Measure;
  others_now: Measure;
}

export function median(values: number[]): Measure {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

export function together(calls: Iterable<Call>): Together {
  const known = (both: Pair<Measure>) => both.filter((one): one is number => one !== null);
  const before: number[] = [], now: number[] = [], others: number[] = [];
  let total = 0, acted = 0;
  for (const call of calls) {
    total += 1;
    if (harmed(call)) {
      acted += 1;
      before.push(...known(call.mos_before));
      now.push(...known(call.mos));
    } else {
      others.push(...known(call.mos));
    }
  }
  return {
    calls: total,
    harmed: acted,
    harmed_before: median(before),
    harmed_now: median(now),
    others_now: median(others),
  };
}
