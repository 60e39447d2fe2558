// What the page knows, as signals. Events are gathered and shown together, twice a second at most:
// two thousand calls that report every second must not mean two thousand drawings.
import { batch, signal } from "@preact/signals";

import { answers, type Call, type Gap, type Policy, read_all, read_call, read_gap, read_load, read_policy,
         read_second, read_service, read_status, type Service, type Status } from "./model/records";
import { clock_of } from "./model/units";
import { LiveWindow, WINDOW_S } from "./model/series";
import { ask_json, on_session_lost, Problem, server_now, use_csrf } from "./net/api";
import { Feed, type FeedState } from "./net/events";

export type Who =
  | { kind: "asking" }
  | { kind: "nobody"; setup: boolean; why: string }
  | { kind: "user"; name: string; role: string };

const TOPICS = ["second", "call", "status", "policies", "gap"] as const;
const SHOW_EVERY_MS = 500;
const ASK_AGAIN_MS = 60_000;
const CALLS_MAX = 10_000;
const GAPS_MAX = 20;

export const who = signal<Who>({ kind: "asking" });
export const status = signal<Status | null>(null);
export const service = signal<Service | null>(null);
export const calls = signal<Call[]>([]);
export const policies = signal<Policy[]>([]);
/** When policies on trial give way to those before them; null for policies that stay. */
export const rolls_back_at = signal<number | null>(null);
export const gaps = signal<Gap[]>([]);
export const feed_state = signal<FeedState>({ phase: "connecting", heard: 0, retry_at: 0, attempts: 0 });
export const loaded = signal(false); // the first answers are there
export const trouble = signal(""); // why they are not
export const heard_second = signal(0); // when a second was told, or the page began to wait for one
export const clock = signal(clock_of("UTC"));
/** Seconds since the epoch by the server's clock; once a second. */
export const now = signal(Date.now() / 1000);
/** Counts up when the throughput window has changed. */
export const window_changed = signal(0);
export const window_of_load = new LiveWindow();

const calls_by_id = new Map<string, Call>();
/** Calls that ended while an answer was on its way, which may still name them. */
const ended_meanwhile = new Set<string>();
let calls_dirty = false;
let window_dirty = false;
let flush_timer = 0;

function flush(): void {
  flush_timer = 0;
  batch(() => {
    if (calls_dirty) calls.value = [...calls_by_id.values()];
    if (window_dirty) window_changed.value += 1;
  });
  calls_dirty = window_dirty = false;
}

function soon(): void {
  if (flush_timer === 0) flush_timer = window.setTimeout(flush, SHOW_EVERY_MS);
}

function heard_call(call: Call): void {
  if (call.ended) {
    calls_by_id.delete(call.id);
    if (ended_meanwhile.size < CALLS_MAX) ended_meanwhile.add(call.id);
  } else if (calls_by_id.has(call.id) || calls_by_id.size < CALLS_MAX) calls_by_id.set(call.id, call);
  calls_dirty = true;
}

const HEARD: Record<(typeof TOPICS)[number], (data: unknown) => void> = {
  second: (data) => {
    const second = read_second(data);
    if (second === null) return;
    window_of_load.add(second);
    heard_second.value = server_now();
    window_dirty = true;
  },
  call: (data) => {
    const call = read_call(data);
    if (call !== null) heard_call(call);
  },
  status: (data) => take_status(data),
  policies: (data) => take_policies(data),
  gap: (data) => {
    const gap = read_gap(data);
    if (gap !== null) gaps.value = [gap, ...gaps.value].slice(0, GAPS_MAX);
  },
};

function take_policies(data: unknown): void {
  const told = (data ?? {}) as Record<string, unknown>;
  const left = told["rolls_back_in_s"];
  batch(() => {
    policies.value = read_all(told["policies"], read_policy);
    rolls_back_at.value = typeof left === "number" ? server_now() + left : null;
  });
}

/** The status record comes by the stream, and within the answer to the question. */
function take_status(data: unknown): void {
  const told = read_status(data);
  status.value = told;
  const about = service.value;
  const engine = answers(told);
  if (about !== null && about.engine !== engine) service.value = { ...about, engine };
}

function take_service(answer: Record<string, unknown>): void {
  take_status(answer["appliance"]);
  service.value = read_service(answer);
}

async function ask_everything(): Promise<void> {
  const until = Math.floor(server_now()) + 10;
  ended_meanwhile.clear();
  const [state, active, lines, load, lost] = await Promise.all([
    ask_json("status"),
    ask_json("calls?active=true&limit=10000"),
    ask_json("policies"),
    ask_json(`load?from=${until - WINDOW_S - 20}&to=${until}&step=10`),
    ask_json("gaps?last=24h"),
  ]);
  batch(() => {
    take_service(state);
    calls_by_id.clear();
    for (const call of read_all(active["calls"], read_call)) {
      if (!ended_meanwhile.has(call.id)) heard_call({ ...call, ended: false });
    }
    take_policies(lines);
    window_of_load.begin(read_all(load["load"], read_load), 10, server_now());
    gaps.value = read_all(lost["gaps"], read_gap).slice(0, GAPS_MAX);
    calls_dirty = window_dirty = true;
    flush();
    if (!loaded.value) heard_second.value = server_now();
    loaded.value = true;
    trouble.value = "";
  });
  performance.mark("callweir-data");
}

function refresh(): void {
  ask_everything().catch((reason: unknown) => {
    if (reason instanceof Problem && reason.status !== 401) trouble.value = reason.message;
  });
}

export const feed = new Feed({
  url: "/api/v1/events",
  topics: TOPICS,
  on_event: (topic, data) => {
    HEARD[topic as (typeof TOPICS)[number]](data);
    soon();
  },
  on_state: (state) => {
    feed_state.value = { ...state };
  },
  on_open: refresh,
  is_alive: async () => {
    try {
      take_service(await ask_json("status", { patience_ms: 5_000 }));
      return true;
    } catch {
      return false;
    }
  },
});

/** Answers of GET and POST session alike. */
function take_session(answer: Record<string, unknown>): void {
  use_csrf(typeof answer["csrf"] === "string" ? answer["csrf"] : "");
  if (typeof answer["timezone"] === "string") clock.value = clock_of(answer["timezone"]);
  who.value = {
    kind: "user",
    name: typeof answer["name"] === "string" ? answer["name"] : "",
    role: typeof answer["role"] === "string" ? answer["role"] : "",
  };
  feed.start();
  if (!loaded.value) refresh();
}

function forget(why: string, setup = false): void {
  feed.stop();
  use_csrf("");
  calls_by_id.clear();
  batch(() => {
    who.value = { kind: "nobody", setup, why };
    status.value = null;
    calls.value = [];
    policies.value = [];
    loaded.value = false;
  });
}

export async function begin(): Promise<void> {
  try {
    take_session(await ask_json("session", { anonymous: true }));
  } catch (reason) {
    if (reason instanceof Problem && reason.status === 401) {
      const setup = await ask_json("setup", { anonymous: true }).catch(() => ({}) as Record<string, unknown>);
      forget("", setup["needed"] === true);
    }
    else trouble.value = reason instanceof Error ? reason.message : String(reason);
  }
}

export async function log_in(name: string, password: string): Promise<void> {
  take_session(await ask_json("session", { method: "POST", body: { name, password }, anonymous: true }));
}

export async function set_up(code: string, name: string, password: string): Promise<void> {
  take_session(await ask_json("setup", { method: "POST", body: { code, name, password }, anonymous: true }));
}

export async function change_password(password: string, new_password: string): Promise<void> {
  take_session(await ask_json("session", { method: "PATCH", body: { password, new_password } }));
}

/** Whether everything passes untouched now. */
export async function switch_bypass(on: boolean): Promise<boolean> {
  const now = (await ask_json("bypass", { method: "POST", body: { on } }))["on"] === true;
  if (status.value !== null) status.value = { ...status.value, state: now ? "bypass" : "inspecting" };
  return now;
}

export async function log_out(): Promise<void> {
  try {
    const answer = await ask_json("session", { method: "DELETE", anonymous: true });
    forget(answer["written"] === false ? "You are logged out. The disk is full: a restart of the dashboard before there is room would bring the session back."
                                       : "You are logged out.");
  } catch (reason) {
    const gone = reason instanceof Problem && reason.status === 401;
    forget(gone ? "You are logged out." : "The server did not hear that you log out: the session ends by itself within 30 minutes.");
  }
}

on_session_lost(() => forget("Your session has ended. Log in again."));

window.setInterval(() => {
  now.value = server_now();
}, 1_000);
window.setInterval(() => {
  if (feed_state.value.phase === "open") refresh();
}, ASK_AGAIN_MS);

// A page that nobody sees holds no connection: browsers allow six to a server.
const HIDDEN_MS = 120_000;
let hidden_timer = 0;
document.addEventListener("visibilitychange", () => {
  window.clearTimeout(hidden_timer);
  if (document.visibilityState === "hidden") hidden_timer = window.setTimeout(() => feed.stop(), HIDDEN_MS);
  else if (who.value.kind === "user") feed.start();
});
