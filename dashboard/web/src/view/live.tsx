// The live page: what is wrong first, then the figures of the moment, then the cards.
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";

import { together } from "../model/calls";
import { alarm_sentence } from "../model/sentences";
import { count, duration, mos, NONE, rate } from "../model/units";
import { calls, feed, feed_state, heard_second, loaded, now, service, status, trouble, window_changed, window_of_load } from "../state";
import { Calls } from "./calls";
import { Health } from "./health";
import { Policies } from "./policies";
import { Throughput } from "./throughput";

const STALE_S = 5;
const SILENT_S = 15;
const ALARMS_MAX = 16;

function Notices(): JSX.Element {
  const state = feed_state.value;
  const alarms = service.value?.engine === false ? [] : (status.value?.alarms ?? []);
  void now.value; // counts down
  const lost = state.phase === "lost";
  const away = loaded.value && !lost && service.value?.engine === false;
  const silent = loaded.value && !lost && !away && status.value?.state === "inspecting" && now.value - heard_second.value > SILENT_S;
  const age = state.heard === 0 ? null : (Date.now() - state.heard) / 1000;
  const wait = state.retry_at === 0 ? 0 : Math.max(0, Math.ceil((state.retry_at - Date.now()) / 1000));
  return (
    <div class="notices">
      {lost && (
        <div class="notice bad">
          <p role="status">The connection to the dashboard is lost.</p>
          <p>{age !== null && `What you see is ${duration(age)} old. `}{wait > 0 ? `Next attempt in ${wait} s.` : "Trying…"}</p>
          <button type="button" class="small" onClick={() => feed.retry_now()}>Try now</button>
        </div>
      )}
      {trouble.value !== "" && !lost && <div class="notice warn"><p role="status">{trouble.value}</p></div>}
      {silent && <div class="notice warn"><p role="status">The engine answers, but has told nothing of its traffic for a while.</p></div>}
      {away && (
        <div class="notice off"><p role="status">The engine is away: nothing is being inspected or throttled.
          On kernel ports the traffic passes. What is below was known before, or comes from the store.</p></div>
      )}
      <div role="status">
        {!lost && alarms.length > 0 && (
          <ul class="notice bad">{alarms.slice(0, ALARMS_MAX).map((name) => <li key={name}>{alarm_sentence(name)}</li>)}</ul>
        )}
      </div>
    </div>
  );
}

function Figure(props: { label: string; value: string; more?: string; tone?: string }): JSX.Element {
  return (
    <div class={`figure ${props.tone ?? ""}`}>
      <dt>{props.label}</dt>
      <dd><strong>{props.value}</strong>{props.more && <span>{props.more}</span>}</dd>
    </div>
  );
}

function Figures(): JSX.Element {
  const all = calls.value;
  const sum = useMemo(() => together(all), [all]);
  void window_changed.value;
  const last = window_of_load.last();
  const fresh = last !== null && now.value - window_of_load.newest < STALE_S + 2 && feed_state.value.phase === "open";
  const bits = (way: 0 | 1) => (fresh && last ? rate((last.bytes[0][way] + last.bytes[1][way]) * 8) : NONE);
  const known = loaded.value && service.value?.engine !== false;
  return (
    <dl class="figures-now">
      <Figure label="Calls now" value={known ? count(sum.calls) : NONE} more={known ? `${count(sum.harmed)} acted on` : ""} />
      <Figure label="Calls acted on, MOS" tone="acted" value={sum.harmed_now === null ? NONE : `${mos(sum.harmed_before)} ▸ ${mos(sum.harmed_now)}`} more="median, before ▸ now" />
      <Figure label="Calls let alone, MOS" tone="good" value={mos(sum.others_now)} more="median, now" />
      <Figure label="Out of the site" value={bits(0)} />
      <Figure label="Into the site" value={bits(1)} />
      <Figure label="Packets dropped by policy" value={fresh && last ? `${count(last.dropped)}/s` : NONE}
              more={fresh && last ? `${count(last.delayed)}/s delayed` : ""} />
    </dl>
  );
}

export const Live = (): JSX.Element => (
  <main id="main" tabIndex={-1} class={`live ${feed_state.value.phase === "lost" ? "stale" : ""}`}>
    <Notices />
    <Figures />
    <div class="cards">
      <Throughput />
      <Health />
      <Calls />
      <Policies />
    </div>
  </main>
);
