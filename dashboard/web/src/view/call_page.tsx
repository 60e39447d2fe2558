// One call: everything that is known of it, and why it is taken for what it is.
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { harmed } from "../model/calls";
import { type Call, read_call } from "../model/records";
import { codec, duration, milliseconds, mos, NONE, percent } from "../model/units";
import { ask_json, Problem } from "../net/api";
import { calls, clock, now } from "../state";
import { both_ways, Done, Parties } from "./calls";
import { Gauge } from "./gauge";

const stored = signal<Call | null>(null);
const refused = signal("");
const REASONS_SHOWN = 32;
const FLOWS_SHOWN = 64;

const kbits = (value: number | null): string => (value === null ? NONE : `${value.toFixed(1)} kbit/s`);

function Facts(props: { call: Call; running: boolean }): JSX.Element {
  const { call, running } = props;
  const end = running ? now.value : call.end;
  const rows: [string, JSX.Element | string][] = [
    ["Application", <bdi>{call.app}</bdi>],
    ["Media", call.media.join(", ") || NONE],
    ["Began", `${clock.value.day(call.start)}, ${clock.value.time(call.start)}`],
    [running ? "Running for" : "Lasted", duration(end - call.start)],
    ["Codec", codec(call.codec)],
    ["Bit rate", both_ways(call.bitrate_kbps, kbits)],
    ["Lost before Callweir", both_ways(call.loss, percent)],
    ["Jitter", both_ways(call.jitter_ms, (one) => (one === null ? NONE : `${one.toFixed(1)} ms`))],
    ["Inflicted loss", both_ways(call.inflicted_loss, percent)],
    ["Added delay", both_ways(call.added_delay_ms, milliseconds)],
    ["MOS before", both_ways(call.mos_before, mos)],
    ["MOS now", `${both_ways(call.mos, mos)}${call.mos_scale ? ` (scale ${call.mos_scale})` : ""}`],
    ["Peer to peer", call.p2p === null ? "not known" : call.p2p ? "yes" : "no"],
    ["Relayed", call.relayed ? "yes" : "no"],
    ["Confidence", percent(call.confidence)],
    ["What is done", <Done call={call} all />],
  ];
  return <table class="pairs wide"><tbody>{rows.map(([name, value]) => <tr key={name}><th scope="row">{name}</th><td>{value}</td></tr>)}</tbody></table>;
}

export function CallPage(props: { id: string }): JSX.Element {
  const { id } = props;
  useEffect(() => {
    stored.value = null;
    refused.value = "";
    document.getElementById("main")?.focus();
    ask_json(`calls/${id}`).then((told) => {
      stored.value = read_call(told["call"] ?? told);
    }).catch((reason: unknown) => {
      refused.value = reason instanceof Problem ? reason.message : "That did not work.";
    });
  }, [id]);
  const live = calls.value.find((one) => encodeURIComponent(one.id) === id);
  const call = live ?? stored.value;
  return (
    <main id="main" tabIndex={-1} class="live one-call">
      <p><a href="#/">All active calls</a></p>
      {call === null ? <p class="empty" role="status">{refused.value || "Loading…"}</p> : (
        <section class="card" aria-labelledby="call-title">
          <header><h2 id="call-title"><Parties parties={call.parties} /></h2>
            <span class={`tag ${live ? "good" : "off"}`}>{live ? "running" : "ended"}</span></header>
          <p class="quality">
            <Gauge way="→" says="From the caller" before={call.mos_before[0]} now={call.mos[0]} harmed={harmed(call)} />
            <Gauge way="←" says="To the caller" before={call.mos_before[1]} now={call.mos[1]} harmed={harmed(call)} />
          </p>
          <Facts call={call} running={live !== undefined} />
          <h3>Why it is taken for a call</h3>
          {call.reasons.length === 0 ? <p class="faint">No reasons are recorded.</p>
            : <ul class="reasons">{call.reasons.slice(0, REASONS_SHOWN).map((one) => <li key={one}>{one}</li>)}</ul>}
          <h3>Flows</h3>
          <p class="ids">{call.flows.slice(0, FLOWS_SHOWN).map((one) => <code key={one}>{one}</code>)}
            {call.flows.length > FLOWS_SHOWN && <span class="faint">and {call.flows.length - FLOWS_SHOWN} more</span>}</p>
          <p class="note">In a terminal, <code>callweir explain {call.id}</code> gives the evidence and the policy lines tried.</p>
        </section>
      )}
    </main>
  );
}
