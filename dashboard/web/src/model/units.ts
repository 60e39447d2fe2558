// Numbers as people read them: SI prefixes (k = 1000), three digits that matter, thin spaces in
// groups of thousands, and nothing that jumps in width more than it must.
import type { Measure } from "./records";

const SPACE = "\u202f";
export const NONE = "\u2013";
const PREFIXES = ["", "k", "M", "G", "T", "P"];

function scaled(value: number, unit: string): string {
  let size = Math.abs(value);
  let step = 0;
  while (size >= 999.5 && step < PREFIXES.length - 1) {
    size /= 1000;
    step += 1;
  }
  const digits = step === 0 || size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  return `${value < 0 ? "\u2212" : ""}${size.toFixed(digits)}${SPACE}${PREFIXES[step]}${unit}`;
}

/** Bits per second. */
export const rate = (bits_per_s: number): string => scaled(bits_per_s, "bit/s");
export const bytes = (count: number): string => scaled(count, "B");
/** "12 345 678". */
export function count(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, SPACE);
}
/** Short form for counters that grow for months: "12.3 M". */
export const short_count = (value: number): string =>
  value < 100_000 ? count(value) : scaled(value, "").trimEnd();
/** One digit: MOS is not known better. */
export const mos = (value: Measure): string => (value === null ? NONE : value.toFixed(1));
/** 0.0634 is "6.3 %". */
export const percent = (fraction: Measure): string =>
  fraction === null ? NONE : `${(fraction * 100).toFixed(fraction < 0.1 ? 1 : 0)}${SPACE}%`;
export const milliseconds = (value: Measure): string =>
  value === null ? NONE : `${Math.round(value)}${SPACE}ms`;

/** "4 s", "3:07", "1:02:09", "2 d 3 h". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole}${SPACE}s`;
  if (whole >= 86_400) {
    return `${Math.floor(whole / 86_400)}${SPACE}d ${Math.floor((whole % 86_400) / 3600)}${SPACE}h`;
  }
  const two = (value: number) => value.toString().padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** "opus~24k" is "Opus, about 24 kbit/s"; what a codec is called by its own people. */
export function codec(name: string | null): string {
  if (name === null || name === "") return NONE;
  const [base = "", payload] = name.split("~");
  const known: Record<string, string> = {
    opus: "Opus",
    pcma: "G.711 A",
    pcmu: "G.711 µ",
    g722: "G.722",
    g729: "G.729",
    amr: "AMR",
    "amr-wb": "AMR-WB",
    silk: "SILK",
    speex: "Speex",
    ilbc: "iLBC",
  };
  const shown = known[base.toLowerCase()] ?? base;
  return payload === undefined ? shown : `${shown} ~${payload.replace(/k$/, "")}${SPACE}kbit/s`;
}

/** Clock of the site; an unknown zone falls back to UTC and says so. */
export function clock_of(zone: string): { time: (s: number) => string; day: (s: number) => string;
                                          short: (s: number) => string; zone: string } {
  const make = (options: Intl.DateTimeFormatOptions, timeZone: string) =>
    new Intl.DateTimeFormat("en-GB", { ...options, timeZone, hourCycle: "h23" });
  const full: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
  let used = zone;
  try {
    make(full, zone);
  } catch {
    used = "UTC";
  }
  const times = make(full, used);
  const shorts = make({ hour: "2-digit", minute: "2-digit" }, used);
  const days = make({ weekday: "short", day: "numeric", month: "short", year: "numeric" }, used);
  return {
    zone: used,
    time: (s) => times.format(s * 1000),
    short: (s) => shorts.format(s * 1000),
    day: (s) => days.format(s * 1000),
  };
}
