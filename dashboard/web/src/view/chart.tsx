// Throughput over time, drawn like a river from above: out of the site above the line, into it
// below; calls next to the line, everything else outside them. And calls at one time under it.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

import type { Columns } from "../model/series";
import { count, rate } from "../model/units";
import { clock } from "../state";
import { colours, colours_changed } from "./theme";

export type Focus = "all" | "calls";
const NAMES = ["ink-2", "line", "flow-calls", "flow-rest", "flow-calls-edge", "flow-rest-edge", "acted", "flow-acted"] as const;
let palette: Record<(typeof NAMES)[number], string> | null = null;
const colour = (name: (typeof NAMES)[number]): string => (palette ??= colours(NAMES))[name];

const font = (): string => {
  const root = getComputedStyle(document.documentElement);
  return `${Math.round(parseFloat(root.fontSize) * 0.78)}px ${root.fontFamily}`;
};
const rem = (): number => parseFloat(getComputedStyle(document.documentElement).fontSize);

const axis = (side: "x" | "y", values: uPlot.Axis["values"], size: number, space: number): uPlot.Axis => ({
  side: side === "x" ? 2 : 3,
  stroke: () => colour("ink-2"),
  grid: { stroke: () => colour("line"), width: 1, show: side === "y" },
  ticks: { stroke: () => colour("line"), width: 1, size: 4 },
  font: font(),
  size,
  space,
  gap: 4,
  ...(values === undefined ? {} : { values }),
});

const area = (label: string, fill: (typeof NAMES)[number], edge: (typeof NAMES)[number]): uPlot.Series => ({
  label,
  stroke: () => colour(edge),
  fill: () => colour(fill),
  width: 1.25,
  points: { show: false },
});

function options_of(kind: "load" | "calls", width: number, height: number, on_hover: (index: number | null) => void): uPlot.Options {
  const load = kind === "load";
  return {
    width,
    height,
    padding: [6, 18, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: "callweir" }, y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: {
      x: { time: true },
      y: load
        ? { range: (_, low, high) => {
            const up = Math.max(high ?? 0, 1_000) * 1.08, down = Math.min(low ?? 0, -1_000) * 1.08;
            return [Math.min(down, -up * 0.12), Math.max(up, -down * 0.12)];
          } }
        : { range: (_, __, high) => [0, Math.max((high ?? 0) * 1.15, 4)] },
    },
    axes: [
      { ...axis("x", (_, ticks) => ticks.map((at, i) => {
          const step = (ticks[1] ?? 60) - (ticks[0] ?? 0);
          return i === 0 || step >= 60 ? clock.value.short(at) : clock.value.time(at);
        }), 1.6 * rem(), 5.5 * rem()), show: !load },
      axis("y", (_, ticks) => ticks.map((one) => (load ? rate(Math.abs(one)) : count(one))), 5.4 * rem(), load ? 34 : 22),
    ],
    series: load
      ? [{}, area("Everything else, out", "flow-rest", "flow-rest-edge"), area("Calls, out", "flow-calls", "flow-calls-edge"),
         area("Everything else, in", "flow-rest", "flow-rest-edge"), area("Calls, in", "flow-calls", "flow-calls-edge")]
      : [{}, { label: "Calls", stroke: () => colour("flow-calls-edge"), fill: () => colour("flow-calls"), width: 1.25, points: { show: false } },
         { label: "Degraded", stroke: () => colour("acted"), fill: () => colour("flow-acted"), width: 1.25, points: { show: false } }],
    hooks: { setCursor: [(plot) => on_hover(plot.cursor.idx ?? null)] },
  };
}

const data_of = (kind: "load" | "calls", columns: Columns, focus: Focus): uPlot.AlignedData => {
  const none = columns.at.map(() => null);
  return kind === "calls"
    ? [columns.at, columns.calls, columns.degraded]
    : [columns.at, focus === "all" ? columns.total_out : none, columns.calls_out,
       focus === "all" ? columns.total_in : none, columns.calls_in];
};

/** `label` says in words what the picture shows: the table beside it holds the numbers. */
export function Chart(props: {
  kind: "load" | "calls"; columns: Columns; focus: Focus; range: [number, number]; label: string;
  on_hover: (index: number | null) => void;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const hover = useRef(props.on_hover);
  hover.current = props.on_hover;
  const { kind, columns, focus, range } = props;
  const fill = useRef<() => void>(() => undefined);
  fill.current = () => plot.current?.batch(() => {
    plot.current?.setData(data_of(kind, columns, focus), false);
    plot.current?.setScale("x", { min: range[0], max: range[1] });
  });
  const changed = colours_changed.value;

  useEffect(() => {
    const target = box.current as HTMLDivElement;
    const size = () => [Math.max(200, target.clientWidth), Math.max(60, target.clientHeight)] as const;
    const make = () => {
      plot.current?.destroy();
      const [width, height] = size();
      plot.current = new uPlot(options_of(kind, width, height, (index) => hover.current(index)),
                               [[], [], []] as unknown as uPlot.AlignedData, target);
    };
    make();
    let letters = rem();
    const watch = new ResizeObserver(() => {
      const [width, height] = size();
      if (rem() !== letters) {
        // Letters grow with the page: axes are measured anew.
        letters = rem();
        make();
        fill.current();
      } else if (plot.current && (plot.current.width !== width || plot.current.height !== height)) plot.current.setSize({ width, height });
    });
    watch.observe(target);
    return () => {
      watch.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [kind]);

  useEffect(() => {
    palette = null;
    plot.current?.redraw(false);
  }, [changed]);

  useEffect(() => {
    fill.current();
  }, [kind, columns, focus, range[0], range[1]]);

  return <div class={`chart ${kind}`} ref={box} role="img" aria-label={props.label} />;
}
