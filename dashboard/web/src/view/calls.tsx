// The calls that are running: who, how good before and now, and what is done to them.
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";

import { harmed, type Order, ROWS_FIRST, ROWS_MAX, ROWS_MORE, select } from "../model/calls";
import type { Call, Measure, Pair } from "../model/records";
import { action_words, harms } from "../model/sentences";
import { codec, count, duration, milliseconds, percent } from "../model/units";
import { calls, loaded, now } from "../state";
import { Gauge } from "./gauge";
import { Section } from "./parts";

const ORDERS: readonly (readonly [Order, string])[] = [
  ["acted", "Acted on first"], ["newest", "Newest first"], ["longest", "Longest first"], ["worst", "Lowest MOS first"],
];
const order = signal<Order>("acted");
const filter = signal("");
const most = signal(ROWS_FIRST);

const any = (both: Pair<Measure>): boolean => both.some((one) => one !== null && one > 0);

/** One value when both ways have the same, else both. */
export function both_ways(both: Pair<Measure>, show: (one: Measure) => string): string {
  const [there, back] = [show(both[0]), show(both[1])];
  return there === back ? there : `${there} / ${back}`;
}

/** `all`: also the lines that let some flow of a call pass that others act on. */
export function Done(props: { call: Call; all?: boolean }): JSX.Element {
  const { call } = props;
  if (call.emergency) return <span class="tag good">emergency, never touched</span>;
  const lines = call.actions.filter((one) => one.action !== "");
  const acting = props.all !== true && harmed(call) ? lines.filter((one) => action_words(one.action) !== "allowed") : lines;
  if (acting.length === 0) return <span class="faint">left alone</span>;
  const effects = [
    any(call.added_delay_ms) ? `+${both_ways(call.added_delay_ms, milliseconds)}` : "",
    any(call.inflicted_loss) ? `${both_ways(call.inflicted_loss, percent)} loss` : "",
  ].filter((one) => one !== "");
  return (
    <>
      {acting.slice(0, 3).map((one) => (
        <span key={one.policy + one.action} class="act">
          <span class={`tag ${harms(one.action) ? "acted" : "good"}`}>{action_words(one.action)}</span> <bdi>{one.policy}</bdi>
        </span>
      ))}
      {acting.length > 3 && <span class="faint">and {acting.length - 3} more</span>}
      {effects.length > 0 && <span class="effects">{effects.join(", ")}</span>}
    </>
  );
}

export function Parties(props: { parties: string[] }): JSX.Element {
  const shown = props.parties.slice(0, 2), more = props.parties.length - shown.length;
  return (
    <span class="parties">
      {shown.map((one, i) => <span key={one}>{i > 0 && <span class="arrow"><span aria-hidden="true">→</span><span class="unseen"> to </span></span>}<bdi>{one}</bdi></span>)}
      {more > 0 && <span class="faint">+{more}</span>}
    </span>
  );
}

const traits = (call: Call): string =>
  [call.media.join(" and "), call.relayed ? "relayed" : "", call.p2p === true ? "peer to peer" : ""].filter((one) => one !== "").join(", ");

function Row(props: { call: Call; age: number }): JSX.Element {
  const { call, age } = props;
  const hit = harmed(call);
  return (
    <tr class={hit ? "hit" : ""}>
      <th scope="row">
        <a href={`#/calls/${encodeURIComponent(call.id)}`}><Parties parties={call.parties} /></a>
        <span class="sub narrow-only"><bdi>{call.app}</bdi> · {duration(age)} · {codec(call.codec)}</span>
        <span class="sub narrow-only"><Done call={call} /></span>
        <span class="sub wide-only">{traits(call)}</span>
      </th>
      <td class="wide-only"><bdi class="app">{call.app}</bdi><span class="sub">{codec(call.codec)}</span></td>
      <td class="wide-only num">{duration(age)}</td>
      <td class="quality">
        <Gauge way="→" says="From the caller" before={call.mos_before[0]} now={call.mos[0]} harmed={hit} />
        <Gauge way="←" says="To the caller" before={call.mos_before[1]} now={call.mos[1]} harmed={hit} />
      </td>
      <td class="wide-only done"><Done call={call} /></td>
    </tr>
  );
}

function Tools(): JSX.Element {
  return (
    <div class="tools">
      <label class="find"><span class="unseen">Show calls with</span>
        <input type="search" placeholder="Application, address, policy" value={filter.value} maxLength={80}
               onInput={(event) => { filter.value = event.currentTarget.value; }} />
      </label>
      <label><span class="unseen">Order</span>
        <select value={order.value} onChange={(event) => { order.value = event.currentTarget.value as Order; }}>
          {ORDERS.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
        </select>
      </label>
    </div>
  );
}

export function Calls(): JSX.Element {
  const all = calls.value;
  const found = useMemo(() => select(all, order.value, filter.value, most.value), [all, order.value, filter.value, most.value]);
  const at = now.value;
  return (
    <Section id="calls" title={`Active calls${all.length > 0 ? ` (${count(all.length)})` : ""}`} class="calls" beside={<Tools />}>
      {found.rows.length === 0 ? (
        <p class="empty">{!loaded.value ? "Loading…" : all.length === 0 ? "No calls at present." : "No call matches."}</p>
      ) : (
        <table class="data">
          <thead><tr>
            <th scope="col">Parties</th>
            <th scope="col" class="wide-only">Application, codec</th>
            <th scope="col" class="wide-only num">For</th>
            <th scope="col"><abbr title="Mean opinion score, 1 to 5">MOS</abbr> before ▸ now</th>
            <th scope="col" class="wide-only">What is done</th>
          </tr></thead>
          <tbody>{found.rows.map((call) => <Row key={call.id} call={call} age={at - call.start} />)}</tbody>
        </table>
      )}
      {found.more > 0 && (
        <p class="more">{count(found.more)} more
          {most.value < ROWS_MAX
            ? <button type="button" class="small" onClick={() => { most.value += ROWS_MORE; }}>Show {ROWS_MORE} more</button>
            : " (narrow the search to see them)"}
        </p>
      )}
    </Section>
  );
}
