// The policy lines in the order in which they are tried, with what they matched and did.
import type { JSX } from "preact";

import { bare, harms } from "../model/sentences";
import { bytes, count, duration, short_count } from "../model/units";
import { loaded, now, policies, rolls_back_at } from "../state";
import { Section } from "./parts";

export function Policies(): JSX.Element {
  const lines = policies.value;
  return (
    <Section id="policies" title="Policies" class="policies" beside={rolls_back_at.value !== null && (
      <p class="tag acted">on trial: rolled back in {duration(rolls_back_at.value - now.value)} unless confirmed</p>
    )}>
      {lines.length === 0 ? <p class="empty">{loaded.value ? "No policy lines are known." : "Loading…"}</p> : (
        <div class="scroll" tabIndex={0} role="region" aria-label="Policy lines">
          <table class="data">
            <thead><tr>
              <th scope="col">Line</th><th scope="col">Action</th><th scope="col">Mode</th>
              <th scope="col" class="num">Flows</th><th scope="col" class="num">Packets</th><th scope="col" class="num">Volume</th>
              <th scope="col" class="num">Dropped</th><th scope="col" class="num">Delayed</th>
            </tr></thead>
            <tbody>{lines.map((line) => {
              const observes = line.mode === "observe";
              return (
                <tr key={line.name} class={observes ? "observes" : ""}>
                  <th scope="row"><bdi>{line.name}</bdi><code class="sub">{bare(line.match)}</code></th>
                  <td><code class={harms(line.action) && !observes ? "acts" : ""}>{bare(line.action)}</code></td>
                  <td><span class={`tag ${observes ? "off" : "on"}`}>{line.mode}</span></td>
                  <td class="num" title={count(line.flows)}>{short_count(line.flows)}</td>
                  <td class="num" title={count(line.packets)}>{short_count(line.packets)}</td>
                  <td class="num">{bytes(line.bytes)}</td>
                  <td class="num" title={count(line.dropped)}>{short_count(line.dropped)}</td>
                  <td class="num" title={count(line.delayed)}>{short_count(line.delayed)}</td>
                </tr>
              );
            })}</tbody>
          </table>
        </div>
      )}
      {lines.some((line) => line.mode === "observe") && <p class="note">A line in <em>observe</em> counts what it would have done and changes nothing.</p>}
    </Section>
  );
}
