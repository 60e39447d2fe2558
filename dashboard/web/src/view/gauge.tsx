// The quality of one direction on the scale of the E-model, 1 to 5, like a level at a weir: where it
// stood, where it stands. The numbers stand beside it; the drawing is for the eye that passes by.
import type { JSX } from "preact";

import type { Measure } from "../model/records";
import { mos, NONE } from "../model/units";

const WIDTH = 88;
const place = (value: number): number => ((Math.min(5, Math.max(1, value)) - 1) / 4) * (WIDTH - 4) + 2;

export function Gauge(props: { way: string; says: string; before: Measure; now: Measure; harmed: boolean }): JSX.Element {
  const { before, now, harmed } = props;
  const from = before === null ? null : place(before), to = now === null ? null : place(now);
  return (
    <span class={`gauge ${harmed ? "harmed" : ""}`}>
      <span class="way" aria-hidden="true">{props.way}</span>
      <span class="unseen">{props.says}: </span>
      <span class="figures">
        <span class="was"><span class="unseen">before </span>{mos(before)}</span>
        <span aria-hidden="true" class="to">▸</span>
        <span class="is"><span class="unseen">now </span>{now === null ? NONE : mos(now)}</span>
      </span>
      <svg viewBox={`0 0 ${WIDTH} 10`} width={WIDTH} height="10" aria-hidden="true">
        <line class="scale" x1="2" x2={WIDTH - 2} y1="5" y2="5" />
        {[2, 3, 4].map((one) => <line key={one} class="scale" x1={place(one)} x2={place(one)} y1="3.500" y2="6.500" />)}
        {from !== null && to !== null && <line class="fall" x1={from} x2={to} y1="5" y2="5" />}
        {from !== null && <line class="was" x1={from} x2={from} y1="1.500" y2="8.500" />}
        {to !== null && <circle class="is" cx={to} cy="5" r="3" />}
      </svg>
    </span>
  );
}
