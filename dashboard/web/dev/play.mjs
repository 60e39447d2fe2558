// Plays a scene to the built page on loopback: node dev/play.mjs [PORT=5199] [SCENE=busy]
// Scenes: busy, empty, away, many, alarms, odd. Name anna, any password but "wrong". Development only.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { extname, join, normalize } from "node:path";
import { Scene } from "./scene.mjs";

const port = Number(process.argv[2] ?? 5199);
const scene = new Scene(process.argv[3] ?? "busy");
const dist = fileURLToPath(new URL("../dist", import.meta.url));
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const streams = new Set();
let logged_in = process.argv[4] === "in";

const send = (answer, code, tree, headers = {}) => {
  answer.writeHead(code, { "Content-Type": "application/json", ...headers });
  answer.end(tree === undefined ? "" : JSON.stringify(tree));
};
const problem = (answer, code, what, mend = "", headers = {}) => send(answer, code, { error: { status: code, what, where: "", mend } }, headers);
const session = { name: "anna", role: "admin", csrf: "c5rf", site: "hq-berlin", timezone: "Europe/Berlin" };

const ROUTES = {
  "GET session": (_, answer) => (logged_in ? send(answer, 200, session) : problem(answer, 401, "no session")),
  "GET setup": (_, answer) => send(answer, 200, { needed: process.argv[4] === "new" }),
  "POST session": (_, answer, body) => {
    if (body.password === "wrong") return problem(answer, 401, "name or password is wrong");
    logged_in = true;
    send(answer, 200, session);
  },
  "DELETE session": (_, answer) => { logged_in = false; send(answer, 204); },
  "POST setup": (_, answer, body) => (body.code === "1234" ? ((logged_in = true), send(answer, 200, session)) : problem(answer, 403, "that is not the code", "it stands in the dashboard's log")),
  "GET status": (_, answer) => send(answer, 200, { ...service(), appliance: scene.away() ? { type: "status", state: "unreachable" } : scene.status() }),
  "GET calls": (_, answer) => send(answer, 200, { calls: [...scene.calls.values()] }),
  "GET policies": (_, answer) => send(answer, 200, { policies: scene.policies }),
  "GET gaps": (_, answer) => send(answer, 200, { gaps: scene.name === "empty" ? [] : [{ type: "gap", from: Date.now() / 1000 - 7_300, to: Date.now() / 1000 - 7_296, what: "engine", count: 0, reason: "the engine was restarted" }] }),
  "GET load": (url, answer) => send(answer, 200, { load: scene.load(...["from", "to", "step"].map((key) => Number(url.searchParams.get(key)))) }),
  "GET reports": (url, answer) => {
    if (url.searchParams.get("format") === "pdf") return problem(answer, 503, "PDF needs WeasyPrint", "install the package weasyprint");
    answer.writeHead(200, { "Content-Disposition": `attachment; filename="callweir-${url.searchParams.get("last")}.${url.searchParams.get("format")}"` });
    answer.end("report");
  },
};
const service = () => ({ site: session.site, timezone: session.timezone, version: "0", ingest: { lost: 0 },
  store: { bytes: 812_300_000, max_bytes: 10e9, disk_full: scene.name === "alarms", trouble: null } });

createServer(async (request, answer) => {
  const url = new URL(request.url, "http://here");
  answer.setHeader("Content-Security-Policy", POLICY);
  if (url.pathname === "/api/v1/events") {
    if (!logged_in) return problem(answer, 401, "no session");
    answer.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    answer.write(": begin\n\n");
    streams.add(answer);
    request.on("close", () => streams.delete(answer));
    return;
  }
  if (url.pathname.startsWith("/api/v1/")) {
    let text = "";
    for await (const part of request) text += part;
    const path = url.pathname.slice(8);
    const call = /^calls\/(.+)$/.exec(path);
    if (call && scene.calls.has(decodeURIComponent(call[1]))) return send(answer, 200, scene.calls.get(decodeURIComponent(call[1])));
    const route = ROUTES[`${request.method} ${path}`];
    return route ? route(url, answer, text ? JSON.parse(text) : {}) : problem(answer, 404, "no such thing");
  }
  const file = join(dist, normalize(url.pathname === "/" ? "/index.html" : url.pathname));
  try {
    const content = await readFile(file);
    answer.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream" });
    answer.end(content);
  } catch {
    problem(answer, 404, "no such file");
  }
}).listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port}/ plays ${scene.name}`));

let id = 0;
const tell = (topic, data) => {
  id += 1;
  for (const one of streams) one.write(`id: ${id}\nevent: ${topic}\ndata: ${JSON.stringify(data)}\n\n`);
};
setInterval(() => {
  if (scene.away()) return;
  scene.tick();
  tell("second", scene.second(Math.floor(Date.now() / 1000) - 1));
  let budget = 500;
  for (const call of scene.calls.values()) if ((budget -= 1) > 0) tell("call", call);
  tell("status", scene.status());
  tell("policies", { policies: scene.policies });
}, 1_000);
