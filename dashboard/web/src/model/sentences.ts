// What names in the status record mean, in words for the person on duty. The names are the
// engine's (alarms, reasons of drops); one that is not known here is shown as it is.

const ALARMS: Record<string, string> = {
  engine_crashed: "The engine crashed and was restarted in the last ten minutes.",
  engine_hung: "A worker stopped answering; the engine was killed and restarted.",
  without_ndpi: "The engine crashed repeatedly and now runs without nDPI.",
  pass_through: "The engine keeps crashing: traffic passes uninspected.",
  port_down: "A port has no carrier.",
  dashboard_down: "The dashboard process keeps dying.",
  overload: "More traffic than the engine can inspect: inspection is being shed.",
};

const STATES: Record<string, { label: string; says: string; tone: Tone }> = {
  inspecting: { label: "Inspecting", says: "Every packet is looked at.", tone: "good" },
  starting: { label: "Starting", says: "The engine is starting; traffic passes uninspected.", tone: "warn" },
  bypass: { label: "Bypass", says: "Everything is forwarded untouched, by order.", tone: "warn" },
  "pass-through": { label: "Pass-through", says: "The kernel forwards; nothing is inspected.", tone: "bad" },
  stopping: { label: "Stopping", says: "The appliance is being stopped.", tone: "warn" },
};

const DROPS: Record<string, string> = {
  limit: "above a limit line's rate",
  block: "a block line matched",
  degrade_burst: "loss burst of a degraded call",
  degrade_rate: "degraded call above its cap",
  degrade_delay: "held back for too long",
  delay_line_full: "no room in the delay line",
  port_refused: "refused by the outgoing port",
  receive_missed: "missed on arrival, ring full",
  link_queue_full: "above the link's configured rate",
  distributor_full: "the ring from a worker was full",
};

export type Tone = "good" | "warn" | "bad" | "off";

/** "some_name" is "some name". */
export const plain = (name: string): string => name.replaceAll("_", " ");
export const alarm_sentence = (name: string): string =>
  ALARMS[name] ?? (/\s/.test(name) ? name : `Alarm: ${plain(name)}.`);
export const drop_words = (name: string): string => DROPS[name] ?? plain(name);

export function state_words(state: string | null): { label: string; says: string; tone: Tone } {
  if (state === null || state === "unreachable") {
    return {
      label: "Engine away",
      says: "No engine answers. On kernel ports traffic passes uninspected.",
      tone: "off",
    };
  }
  return STATES[state] ?? { label: plain(state), says: "", tone: "warn" };
}

const ACTIONS: Record<string, string> = {
  degrade: "degraded",
  limit: "limited",
  block: "blocked",
  allow: "allowed",
  prioritise: "prioritised",
};
/** "degrade" is "degraded"; the first word of an action as the policy list prints it. */
export function action_words(action: string): string {
  const word = /[a-z]+/.exec(action)?.[0] ?? action;
  return ACTIONS[word] ?? word;
}
/** "{ app: [SIP] }" is "app: [SIP]", "{}" is "everything": the page has no need of the outer braces. */
export function bare(written: string): string {
  const inner = /^\s*\{(.*)\}\s*$/s.exec(written)?.[1] ?? written;
  return inner.trim() === "" ? "everything" : inner.trim();
}
/** True for what makes a call worse. */
export const harms = (action: string): boolean => /^\W*(degrade|limit|block)/.test(action);
