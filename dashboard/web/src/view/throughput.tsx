// The card with the throughput: ranges, legend that reads the chart, and the same as a table.
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";

import { type LoadPoint, read_all, read_load } from "../model/records";
import { type Columns, history, WINDOW_S } from "../model/series";
import { count, NONE, rate } from "../model/units";
import { ask_json, Problem, server_now } from "../net/api";
import { clock, feed_state, now, window_changed, window_of_load } from "../state";
import { Chart, type Focus } from "./chart";
import { Choice, Section } from "./parts";

const RANGES = [["5m", "5 min"], ["1h", "1 h"], ["24h", "24 h"]] as const;
type Range = (typeof RANGES)[number][0];
const PAST: Record<Exclude<Range, "5m">, { seconds: number; step: number; again_ms: number }> = {
  "1h": { seconds: 3_600, step: 10, again_ms: 10_000 },
  "24h": { seconds: 86_400, step: 300, again_ms: 60_000 },
};
const range = signal<Range>("5m");
const focus = signal<Focus>("all");

interface Past { range: Range; points: LoadPoint[]; from: number; to: number; step: number; asked: number; trouble: string }
const past = signal<Past | null>(null);

function usePast(): void {
  const wanted = range.value;
  useEffect(() => {
    if (wanted === "5m") return;
    const { seconds, step, again_ms } = PAST[wanted];
    let gone = false;
    const ask = async () => {
      const asked = server_now(), to = Math.ceil(asked / step) * step, from = to - seconds;
      try {
        const told = await ask_json(`load?from=${from}&to=${to}&step=${step}`);
        if (!gone) past.value = { range: wanted, points: read_all(told["load"], read_load), from, to, step, asked, trouble: "" };
      } catch (reason) {
        if (!gone && reason instanceof Problem) {
          past.value = { ...(past.value ?? { range: wanted, points: [], from, to, step, asked }), trouble: reason.message };
        }
      }
    };
    past.value = null;
    void ask();
    const timer = window.setInterval(() => void ask(), again_ms);
    return () => {
      gone = true;
      window.clearInterval(timer);
    };
  }, [wanted]);
}

/** Where the pointer is, or the newest of the last few. */
const at_or_last = (values: (number | null)[], index: number | null): number | null => {
  if (index !== null) return values[index] ?? null;
  for (let i = values.length - 1; i >= Math.max(0, values.length - 5); i -= 1) {
    if (values[i] !== null && values[i] !== undefined) return values[i] as number;
  }
  return null;
};
const NOTHING = history([], 0, 0, 1, 0);
const shown_rate = (value: number | null): string => (value === null ? NONE : rate(Math.abs(value)));
const shown_count = (value: number | null): string => (value === null ? NONE : count(value));
const minus = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a - b);

function Legend(props: { columns: Columns; index: number | null }): JSX.Element {
  const { columns, index } = props;
  const of = (values: (number | null)[]) => at_or_last(values, index);
  const out = of(columns.calls_out), inward = of(columns.calls_in);
  return (
    <table class="legend">
      <caption>{index === null ? "Now" : clock.value.time(columns.at[index] ?? 0)}</caption>
      <thead><tr><td /><th scope="col">out ↑</th><th scope="col">in ↓</th></tr></thead>
      <tbody>
        <tr><th scope="row"><i class="key calls" />Calls</th><td>{shown_rate(out)}</td><td>{shown_rate(inward)}</td></tr>
        <tr><th scope="row"><i class="key rest" />Everything else</th>
          <td>{shown_rate(minus(of(columns.total_out), out))}</td><td>{shown_rate(minus(of(columns.total_in), inward))}</td></tr>
      </tbody>
    </table>
  );
}

/** At most 13 lines, the newest first: what the picture says, for those who do not see it. */
function AsTable(props: { columns: Columns }): JSX.Element {
  const { columns } = props;
  const every = Math.max(1, Math.floor(columns.at.length / 12));
  const rows = columns.at.map((_, i) => i).filter((i) => (columns.at.length - 1 - i) % every === 0).reverse().slice(0, 13);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Throughput as a table">
      <table class="data">
        <thead><tr><th scope="col">Time</th><th scope="col">Calls out</th><th scope="col">Calls in</th><th scope="col">All out</th>
          <th scope="col">All in</th><th scope="col">Calls at once</th><th scope="col">Degraded</th></tr></thead>
        <tbody>{rows.map((i) => (
          <tr key={columns.at[i]}>
            <th scope="row">{clock.value.time(columns.at[i] ?? 0)}</th>
            <td>{shown_rate(columns.calls_out[i] ?? null)}</td><td>{shown_rate(columns.calls_in[i] ?? null)}</td>
            <td>{shown_rate(columns.total_out[i] ?? null)}</td><td>{shown_rate(columns.total_in[i] ?? null)}</td>
            <td>{count(columns.calls[i] ?? 0)}</td><td>{count(columns.degraded[i] ?? 0)}</td>
          </tr>))}
        </tbody>
      </table>
    </div>
  );
}

export function Throughput(): JSX.Element {
  usePast();
  const [hover, set_hover] = useState<number | null>(null);
  const [table, set_table] = useState(false);
  const chosen = range.value;
  const told = past.value;
  const live = chosen === "5m";
  // A lost connection stops the picture where the knowledge ends.
  const until = feed_state.value.phase === "open" ? Math.floor(now.value) - 1 : window_of_load.newest;
  const columns = useMemo(
    () => live ? window_of_load.columns(until)
      : told?.range === chosen ? history(told.points, told.from, told.to, told.step, told.asked) : NOTHING,
    [live, chosen, told, until, window_changed.value],
  );
  const bounds: [number, number] = live ? [until - WINDOW_S, until] : [told?.from ?? until - 3_600, told?.to ?? until];
  const waiting = columns.at.length === 0;
  const index = hover !== null && hover < columns.at.length ? hover : null;
  // What ended a while ago is not "now".
  const age = bounds[1] - (columns.at[columns.at.length - 1] ?? 0);
  const shown = index === null && age > Math.max(15, 2 * (live ? 1 : told?.step ?? 1)) ? NOTHING : columns;
  const span = RANGES.find(([one]) => one === chosen)?.[1] ?? "";
  return (
    <Section id="load" title="Throughput" class="throughput" beside={
      <div class="tools">
        <Choice legend="Traffic" options={[["all", "All"], ["calls", "Calls only"]] as const} value={focus.value}
                on_change={(one) => { focus.value = one; }} />
        <Choice legend="Time range" options={RANGES} value={chosen} on_change={(one) => { range.value = one; }} />
        <button type="button" class="quiet" aria-pressed={table} onClick={() => set_table(!table)}>Table</button>
      </div>
    }>
      {table ? <AsTable columns={columns} /> : (
        <div class="charts">
          <Chart kind="load" columns={columns} focus={focus.value} range={bounds} on_hover={set_hover}
                 label={`Throughput of the last ${span} by class, out above and in below the line. The button Table gives the numbers.`} />
          <Chart kind="calls" columns={columns} focus="all" range={bounds} on_hover={set_hover}
                 label={`Calls at one time in the last ${span}, and how many of them were degraded.`} />
          {waiting && <p class="empty over">{live ? "No traffic has been told of yet." : told ? "Nothing is known of this time." : "Loading…"}</p>}
        </div>
      )}
      <footer class="legends">
        <Legend columns={shown} index={index} />
        <table class="legend">
          <caption>{index === null ? "At once" : "At once, then"}</caption>
          <tbody>
            <tr><th scope="row"><i class="key calls" />Calls</th><td>{shown_count(at_or_last(shown.calls, index))}</td></tr>
            <tr><th scope="row"><i class="key acted" />Degraded</th><td>{shown_count(at_or_last(shown.degraded, index))}</td></tr>
          </tbody>
        </table>
        {told?.trouble && !live && <p class="refused" role="status">{told.trouble}</p>}
      </footer>
    </Section>
  );
}
