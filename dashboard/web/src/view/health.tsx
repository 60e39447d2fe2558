// The appliance itself: state, links, workers, what was dropped and why, records, store.
import type { JSX } from "preact";

import { answers } from "../model/records";
import { drop_words, plain, state_words } from "../model/sentences";
import { bytes, count, duration, NONE, short_count } from "../model/units";
import { clock, gaps, loaded, service, status } from "../state";
import { Bypass } from "./bypass";
import { Section } from "./parts";

const DROPS_SHOWN = 6;

function Links(): JSX.Element {
  const links = status.value?.links ?? [];
  return (
    <ul class="links">{links.slice(0, 16).map((link) => (
      <li key={link.name}><i class={`lamp ${link.state === "up" ? "good" : "bad"}`} /><bdi>{link.name}</bdi> <span class="faint">{link.state}</span></li>
    ))}</ul>
  );
}

function Drops(): JSX.Element {
  const all = Object.entries(status.value?.drops ?? {}).filter(([, value]) => value > 0).sort((a, b) => b[1] - a[1]);
  if (all.length === 0) return <p class="faint">None since the engine started.</p>;
  return (
    <table class="pairs"><tbody>
      {all.slice(0, DROPS_SHOWN).map(([name, value]) => (
        <tr key={name}><th scope="row" title={name}>{drop_words(name)}</th><td class="num" title={count(value)}>{short_count(value)}</td></tr>
      ))}
      {all.length > DROPS_SHOWN && <tr><th scope="row">{all.length - DROPS_SHOWN} more reasons</th>
        <td class="num">{short_count(all.slice(DROPS_SHOWN).reduce((sum, one) => sum + one[1], 0))}</td></tr>}
    </tbody></table>
  );
}

function Gaps(): JSX.Element {
  const shown = gaps.value.slice(0, 4);
  if (shown.length === 0) return <p class="faint">None in the last day.</p>;
  return (
    <ul class="gaps">{shown.map((gap) => (
      <li key={`${gap.from}${gap.what}`}>
        <time dateTime={new Date(gap.from * 1000).toISOString()}>{clock.value.time(gap.from)}</time>{" "}
        {gap.reason || plain(gap.what)}{gap.to > gap.from && <span class="faint"> ({duration(gap.to - gap.from)})</span>}
      </li>
    ))}
    {gaps.value.length > shown.length && <li class="faint">and {gaps.value.length - shown.length} more</li>}
    </ul>
  );
}

export function Health(): JSX.Element {
  const engine = status.value, about = service.value;
  const away = engine === null || !answers(engine);
  const lost = (engine?.records_lost ?? 0) + (about?.records_lost ?? 0);
  const words = state_words(away ? null : engine.state);
  return (
    <Section id="health" title="Appliance" class="health">
      {!loaded.value ? <p class="empty">Loading…</p> : (
        <>
          <p class="says"><i class={`lamp ${words.tone}`} />{words.says}</p>
          {!away && <Links />}
          {!away && <Bypass />}
          {!away && (
            <dl class="facts">
              <div><dt>Workers</dt><dd>{count(engine.workers)}</dd></div>
              <div><dt>Restarts</dt><dd>{count(engine.restarts)}</dd></div>
              <div><dt>Stalls</dt><dd>{count(engine.stalls)}</dd></div>
              <div><dt>Records lost</dt><dd class={lost > 0 ? "bad" : ""}>{short_count(lost)}</dd></div>
              <div><dt>Store</dt><dd title={about?.store_bytes_most == null ? "" : `of ${bytes(about.store_bytes_most)}`}>{about?.store_bytes == null ? NONE : bytes(about.store_bytes)}</dd></div>
            </dl>
          )}
          {about && (about.disk_full || about.trouble !== "") && (
            <p class="refused">{about.disk_full ? "The disk is full: nothing is written until there is room. " : ""}{about.trouble}</p>
          )}
          {!away && <><h3>Packets dropped, by reason</h3><Drops /></>}
          <h3>Gaps in what is known</h3>
          <Gaps />
        </>
      )}
    </Section>
  );
}
