// Made-up but plausible records for work on the page without an appliance. Development only: the
// accepting test runs against the real callweir-dashboard.
const APPS = [["WebRTC", "opus~24k", "fb"], ["Skype", "silk~22k", "fb"], ["SIP", "pcma", "nb"], ["Tox", "opus~32k", "fb"],
  ["WhatsApp", "opus~18k", "fb"], ["Unknown call", null, "fb"], ["SIP", "g722", "wb"]];
const RTL = "محادثة-صوتية-طويلة-جدا-للاختبار";

export class Scene {
  constructor(name) {
    this.name = name; // busy, empty, away, many, alarms, odd
    this.calls = new Map();
    this.serial = 0;
    this.seed = 7;
    this.policies = [["emergency", "emergency: true", "allow", "enforce"], ["company-pbx", "group: pbx", "prioritise", "enforce"],
      ["softphones", "voip: true, p2p: true, schedule: office", "degrade { mos: 1.8, ramp: 10s }", "enforce"],
      ["no-video", "voip: true, p2p: true, role: video", "limit { rate: 40kbit, per: call }", "observe"],
      ["file-share", "app: [BitTorrent]", "limit { rate: 256kbit, burst: 32kB, per: host }", "enforce"], ["rest", "", "allow", "enforce"]]
      .map(([n, match, action, mode], position) => ({ type: "policy", position, name: n, match, action, mode, flows: 40 + position * 311,
        packets: 12_000 * (position + 1) ** 4, bytes: 9_100_000 * (position + 1) ** 4, dropped: 0, delayed: 0 }));
    if (name === "odd") this.policies[2].name = "no-softphones-in-the-eastern-branch-office-of-the-third-subsidiary-" + RTL;
    const wanted = { busy: 14, alarms: 14, many: 2_000, odd: 6 }[name] ?? 0;
    for (let i = 0; i < wanted; i += 1) this.new_call(Math.random() * 900);
  }
  random() { this.seed = (this.seed * 1103515245 + 12345) % 2147483648; return this.seed / 2147483648; }
  pick(list) { return list[Math.floor(this.random() * list.length)]; }
  new_call(age) {
    const [app, codec, scale] = this.pick(APPS), i = (this.serial += 1);
    const odd = this.name === "odd", p2p = app === "SIP" ? false : app === "Unknown call" ? null : true;
    const hit = p2p === true && this.random() < 0.8, start = Date.now() / 1000 - age;
    const emergency = app === "SIP" && this.random() < 0.1, base = 3.9 + this.random() * 0.45;
    this.calls.set(`c${i}`, { type: "call", id: `c${i}`, app: odd && i % 2 ? RTL : app,
      parties: odd && i % 3 === 0 ? ["2001:db8:4711:17ff:fe80:1234:5678:9abc", "2001:db8:ffff:eeee:dddd:cccc:bbbb:aaaa", "192.0.2.9"]
        : [`10.1.${i % 7}.${2 + (i * 13) % 250}`, `198.51.100.${1 + (i * 29) % 250}`], flows: [`${4096 + i}`, `${9000 + i}`],
      media: this.random() < 0.25 ? ["voice", "video"] : ["voice"], start, end: start + age, ended: false, p2p, relayed: this.random() < 0.3, emergency,
      confidence: 0.97, reasons: ["STUN with ICE attributes set this flow up", "packets each 20 ms in both directions", "payload is SRTP by its header"],
      codec, bitrate_kbps: [24.1, 23.6], loss: [0, 0.004], jitter_ms: [2.1, 3.4], mos_before: age < 3 ? [null, null] : [base, base - 0.1],
      inflicted_loss: hit ? [0.064, 0.071] : [0, 0], added_delay_ms: hit ? [250, 250] : [0, 0],
      mos: hit ? [1.8 + this.random() * 0.15, 1.75 + this.random() * 0.15] : [base, base - 0.05], mos_scale: scale,
      actions: hit ? [{ policy: this.policies[2].name, action: "degrade", flows: [`${4096 + i}`], since: start + 4 }]
        : app === "SIP" && !emergency ? [{ policy: "company-pbx", action: "prioritise", flows: [], since: start }] : [] });
  }
  away() { return this.name === "away"; }
  second(at) {
    const wave = Math.sin(at / 40) + Math.sin(at / 13) * 0.4, quiet = this.name === "empty" ? 0.02 : 1;
    const degraded = [...this.calls.values()].filter((one) => one.inflicted_loss[0] > 0).length;
    const media = this.calls.size * 9_000 * (1 + 0.1 * Math.sin(at / 3));
    return { type: "second", at, link: "uplink",
      bytes: [[media, media * 1.05], [quiet * (1_900_000 + 600_000 * wave + this.random() * 3e5), quiet * (9_400_000 + 2_900_000 * wave + this.random() * 9e5)]].map((p) => p.map(Math.round)),
      packets: [[this.calls.size * 50, this.calls.size * 50], [2_100, 8_000]], dropped: degraded * 3, delayed: degraded * 47, calls: this.calls.size, degraded };
  }
  load(from, to, step) {
    const out = [];
    for (let at = Math.ceil(from / step) * step; at < to && at < Date.now() / 1000 - step; at += step) {
      if (this.away() && at > Date.now() / 1000 - 120) continue;
      const one = this.second(at), times = (pairs) => pairs.map((pair) => pair.map((n) => n * step));
      const day = step > 60 ? 0.35 + 0.65 * Math.max(0, Math.sin(((at / 3600) % 24 - 5) / 24 * Math.PI * 2)) : 1;
      out.push({ at, bytes: times(one.bytes).map((p) => p.map((n) => Math.round(n * day))), packets: times(one.packets), dropped: one.dropped * step,
        delayed: one.delayed * step, calls_most: Math.round(one.calls * day), degraded_most: Math.round(one.degraded * day) });
    }
    return out;
  }
  status() {
    const bad = this.name === "alarms";
    return { type: "status", state: bad ? "pass-through" : "inspecting", pids: { supervisor: 811, engine: 812, dashboard: 813 },
      links: [{ name: "uplink", state: "up" }, { name: "branch-line", state: bad ? "outside down" : "up" }],
      alarms: bad ? ["engine_crashed", "port_down", "overload"] : [], restarts: bad ? 6 : 0, stalls: 0, workers: 4,
      drops: { degrade_burst: 5_523, limit: 1_204, block: 0, port_refused: 2, receive_missed: bad ? 88_120 : 0 }, records_lost: bad ? 312 : 0,
      policy_generation: 3, counters: { packets_inspected: 8_120_411, delayed: 120_994, calls_active: this.calls.size } };
  }
  tick() {
    for (const call of this.calls.values()) {
      call.end = Date.now() / 1000;
      if (call.end - call.start > 3 && call.mos_before[0] === null) call.mos_before = [4.2, 4.1];
      for (const i of [0, 1]) if (call.mos[i] !== null) call.mos[i] = Math.min(4.5, Math.max(1, call.mos[i] + (this.random() - 0.5) * 0.06));
    }
    for (const one of this.policies) {
      one.packets += 90 + one.position * 700;
      one.bytes += (90 + one.position * 700) * 800;
      if (one.action.startsWith("degrade") || one.action.startsWith("limit")) { one.dropped += 31; one.delayed += 470; }
    }
  }
}
