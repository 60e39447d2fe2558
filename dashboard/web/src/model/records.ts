// The records as the API and the event stream send them (docs/reference/api.md). Times are seconds
// since the epoch; pairs are [initiator to responder, responder to initiator] in calls and
// [from inside, from outside] in seconds; null is "could not be measured".

export type Pair<T> = [T, T];
export type Measure = number | null;

export interface CallAction {
  policy: string;
  action: string;
  flows: string[];
  since: number;
}

export interface Call {
  id: string;
  app: string;
  parties: string[];
  flows: string[];
  media: string[];
  start: number;
  end: number;
  ended?: boolean;
  p2p: boolean | null;
  relayed: boolean;
  emergency: boolean;
  confidence: number;
  reasons: string[];
  codec: string | null;
  bitrate_kbps: Pair<Measure>;
  loss: Pair<Measure>;
  jitter_ms: Pair<Measure>;
  mos_before: Pair<Measure>;
  inflicted_loss: Pair<Measure>;
  added_delay_ms: Pair<Measure>;
  mos: Pair<Measure>;
  mos_scale: string | null;
  actions: CallAction[];
}

/** One second of one link. Classes: 0 packets of calls, 1 everything else. */
export interface Second {
  at: number;
  link: string;
  bytes: Pair<Pair<number>>;
  packets: Pair<Pair<number>>;
  dropped: number;
  delayed: number;
  calls: number;
  degraded: number;
}

/** One step of the history: the same sums over `step` seconds, of all links. */
export interface LoadPoint {
  at: number;
  bytes: Pair<Pair<number>>;
  packets: Pair<Pair<number>>;
  dropped: number;
  delayed: number;
  calls_most: number;
  degraded_most: number;
}

export interface Policy {
  name: string;
  match: string;
  action: string;
  mode: string;
  flows: number;
  packets: number;
  bytes: number;
  dropped: number;
  delayed: number;
}

export interface Status {
  state: string;
  pids: Record<string, number | null>;
  links: { name: string; state: string }[];
  alarms: string[];
  restarts: number;
  stalls: number;
  workers: number;
  drops: Record<string, number>;
  records_lost: number;
  counters: Record<string, number>;
}

export interface Gap {
  from: number;
  to: number;
  what: string;
  count: number;
  reason: string;
}

/** What the dashboard says of itself and of its engine. */
export interface Service {
  site: string;
  version: string;
  engine: boolean; // it answers
  records_lost: number; // before the store got them
  store_bytes: Measure;
  store_bytes_most: Measure;
  disk_full: boolean;
  trouble: string;
}

type Tree = Record<string, unknown>;

const is_tree = (value: unknown): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown, otherwise = ""): string =>
  typeof value === "string" ? value : otherwise;
const number = (value: unknown): number =>
  typeof value === "number" && Number.isFinite(value) ? value : 0;
const measure = (value: unknown): Measure =>
  typeof value === "number" && Number.isFinite(value) ? value : null;
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const texts = (value: unknown): string[] =>
  list(value).filter((one): one is string => typeof one === "string");
const pair = <T>(value: unknown, read: (one: unknown) => T): Pair<T> => {
  const both = list(value);
  return [read(both[0]), read(both[1])];
};
const counts = (value: unknown): Record<string, number> => {
  const out: Record<string, number> = {};
  if (is_tree(value)) for (const [key, count] of Object.entries(value)) out[key] = number(count);
  return out;
};
const classes = (value: unknown): Pair<Pair<number>> => pair(value, (one) => pair(one, number));

/** Readers take whatever came and give the whole shape or null: a view never meets a hole. */
export function read_call(value: unknown): Call | null {
  if (!is_tree(value) || typeof value.id !== "string" || value.id === "") return null;
  return {
    id: value.id,
    app: text(value.app, "Unknown call"),
    parties: texts(value.parties),
    flows: texts(value.flows),
    media: texts(value.media),
    start: number(value.start),
    end: number(value.end),
    ended: value.ended === true,
    p2p: typeof value.p2p === "boolean" ? value.p2p : null,
    relayed: value.relayed === true,
    emergency: value.emergency === true,
    confidence: number(value.confidence),
    reasons: texts(value.reasons),
    codec: typeof value.codec === "string" ? value.codec : null,
    bitrate_kbps: pair(value.bitrate_kbps, measure),
    loss: pair(value.loss, measure),
    jitter_ms: pair(value.jitter_ms, measure),
    mos_before: pair(value.mos_before, measure),
    inflicted_loss: pair(value.inflicted_loss, measure),
    added_delay_ms: pair(value.added_delay_ms, measure),
    mos: pair(value.mos, measure),
    mos_scale: typeof value.mos_scale === "string" ? value.mos_scale : null,
    actions: list(value.actions)
      .filter(is_tree)
      .map((one) => ({
        policy: text(one.policy),
        action: text(one.action),
        flows: texts(one.flows),
        since: number(one.since),
      })),
  };
}

export function read_second(value: unknown): Second | null {
  if (!is_tree(value) || typeof value.at !== "number") return null;
  return {
    at: value.at,
    link: text(value.link),
    bytes: classes(value.bytes),
    packets: classes(value.packets),
    dropped: number(value.dropped),
    delayed: number(value.delayed),
    calls: number(value.calls),
    degraded: number(value.degraded),
  };
}

export function read_load(value: unknown): LoadPoint | null {
  if (!is_tree(value) || typeof value.at !== "number") return null;
  return {
    at: value.at,
    bytes: classes(value.bytes),
    packets: classes(value.packets),
    dropped: number(value.dropped),
    delayed: number(value.delayed),
    calls_most: number(value.calls_most),
    degraded_most: number(value.degraded_most),
  };
}

export function read_policy(value: unknown): Policy | null {
  if (!is_tree(value) || typeof value.name !== "string") return null;
  return {
    name: value.name,
    match: text(value.match),
    action: text(value.action),
    mode: text(value.mode, "enforce"),
    flows: number(value.flows),
    packets: number(value.packets),
    bytes: number(value.bytes),
    dropped: number(value.dropped),
    delayed: number(value.delayed),
  };
}

export function read_status(value: unknown): Status | null {
  if (!is_tree(value) || typeof value.state !== "string") return null;
  return {
    state: value.state,
    pids: Object.fromEntries(
      Object.entries(is_tree(value.pids) ? value.pids : {}).map(([k, v]) => [k, measure(v)]),
    ),
    links: list(value.links)
      .filter(is_tree)
      .map((one) => ({ name: text(one.name), state: text(one.state) })),
    alarms: texts(value.alarms),
    restarts: number(value.restarts),
    stalls: number(value.stalls),
    workers: number(value.workers),
    drops: counts(value.drops),
    records_lost: number(value.records_lost),
    counters: counts(value.counters),
  };
}

/** An engine, or at least its supervisor, told its state. */
export const answers = (told: Status | null): boolean => told !== null && told.state !== "unreachable";

export function read_service(answer: unknown): Service | null {
  if (!is_tree(answer)) return null;
  const store = is_tree(answer.store) ? answer.store : {};
  const ingest = is_tree(answer.ingest) ? answer.ingest : {};
  return {
    site: text(answer.site),
    version: text(answer.version),
    engine: answers(read_status(answer.appliance)),
    records_lost: number(ingest.lost),
    store_bytes: measure(store.bytes),
    store_bytes_most: measure(store.max_bytes),
    disk_full: store.disk_full === true,
    trouble: text(store.trouble) || text(store.note),
  };
}

export function read_gap(value: unknown): Gap | null {
  if (!is_tree(value) || typeof value.from !== "number") return null;
  return {
    from: value.from,
    to: number(value.to),
    what: text(value.what),
    count: number(value.count),
    reason: text(value.reason),
  };
}

/** Those of `values` that `read` can make something of. */
export function read_all<T>(values: unknown, read: (one: unknown) => T | null): T[] {
  return list(values)
    .map(read)
    .filter((one): one is NonNullable<typeof one> => one !== null);
}
