// Questions to /api/v1. Every answer is JSON; a problem is {"error":{status, what, where, mend}}.
// The session is a cookie that scripts cannot read; what changes anything also carries its token.

export class Problem extends Error {
  constructor(readonly status: number, what: string, readonly mend: string, readonly retry_after_s: number | null) {
    super(what);
  }
}

const BASE = "/api/v1/";
const PATIENCE_MS = 10_000;
let csrf = "";
let ahead_s = 0;
let session_lost: () => void = () => undefined;

export const use_csrf = (token: string): void => {
  csrf = token;
};
/** Seconds since the epoch by the server's clock, as far as its answers tell (to about a second). */
export const server_now = (): number => Date.now() / 1000 + ahead_s;
/** Called once for every answer 401 to a question that needed a session. */
export const on_session_lost = (then: () => void): void => {
  session_lost = then;
};

async function problem_of(answer: Response): Promise<Problem> {
  let what = `The server answered ${answer.status}.`, mend = "";
  try {
    const told = ((await answer.json()) as { error?: { what?: string; mend?: string } }).error;
    if (told?.what) what = sentence(told.what);
    if (told?.mend) mend = sentence(told.mend);
  } catch {
    // Not JSON: the number has to do.
  }
  const after = Number(answer.headers.get("Retry-After"));
  return new Problem(answer.status, what, mend, after > 0 ? after : null);
}

/** "no such call" is "No such call." */
export function sentence(words: string): string {
  const trimmed = words.trim();
  if (trimmed === "") return "";
  return trimmed.charAt(0).toUpperCase() + trimmed.slice(1) + (/[.!?]$/.test(trimmed) ? "" : ".");
}

export interface Asked {
  method?: "GET" | "POST" | "PATCH" | "DELETE";
  body?: unknown;
  patience_ms?: number;
  /** A 401 is an answer here, not the end of the session. */
  anonymous?: boolean;
}

async function ask(path: string, asked: Asked): Promise<Response> {
  const headers: Record<string, string> = {};
  if (asked.body !== undefined) headers["Content-Type"] = "application/json";
  if (asked.method !== undefined && asked.method !== "GET" && csrf !== "") headers["X-CSRF-Token"] = csrf;
  let answer: Response;
  try {
    answer = await fetch(BASE + path, {
      method: asked.method ?? "GET",
      headers,
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(asked.patience_ms ?? PATIENCE_MS),
      ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
    });
  } catch (reason) {
    const late = reason instanceof DOMException && reason.name === "TimeoutError";
    throw new Problem(0, late ? "The server took too long." : "The server cannot be reached.", "", null);
  }
  const date = Date.parse(answer.headers.get("Date") ?? "");
  if (!Number.isNaN(date)) {
    const ahead = date / 1000 + 0.5 - Date.now() / 1000;
    ahead_s = Math.abs(ahead) < 2 ? 0 : ahead;
  }
  if (answer.status === 401 && asked.anonymous !== true) session_lost();
  if (!answer.ok) throw await problem_of(answer);
  return answer;
}

export async function ask_json(path: string, asked: Asked = {}): Promise<Record<string, unknown>> {
  const answer = await ask(path, asked);
  if (answer.status === 204) return {};
  try {
    const tree: unknown = await answer.json();
    return typeof tree === "object" && tree !== null ? (tree as Record<string, unknown>) : {};
  } catch {
    throw new Problem(answer.status, "The server's answer cannot be read.", "", null);
  }
}

export interface Download {
  name: string;
  content: Blob;
}

/** A document that the server makes; it may take its time. */
export async function ask_file(path: string, otherwise: string): Promise<Download> {
  const answer = await ask(path, { patience_ms: 120_000 });
  const named = /filename="?([^";]+)"?/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1];
  return { name: named ?? otherwise, content: await answer.blob() };
}
