// The stream of server-sent events, with what EventSource leaves out: it tells how long nothing
// came, notices a server that is silent, and comes again with growing pauses whatever ended it.

export type Phase = "connecting" | "open" | "lost";

export interface FeedState {
  phase: Phase;
  /** When the newest sign of life came, in ms of Date.now(); 0 for never. */
  heard: number;
  /** When the next attempt begins, in ms of Date.now(); 0 while none is due. */
  retry_at: number;
  attempts: number;
}

export interface FeedParts {
  url: string;
  topics: readonly string[];
  on_event: (topic: string, data: unknown) => void;
  on_state: (state: FeedState) => void;
  /** The stream is open: what was missed has to be asked for. */
  on_open: () => void;
  /** Resolves when the server answers; decides whether silence is the server's or the engine's. */
  is_alive: () => Promise<boolean>;
  open?: (url: string) => EventSource;
}

const SILENCE_MS = 8_000;
const OPENING_MS = 10_000;
const PAUSE_FIRST_MS = 1_000;
const PAUSE_MOST_MS = 15_000;

/** 1 s, 2 s, 4 s … 15 s. */
export const pause_ms = (attempts: number): number =>
  Math.min(PAUSE_MOST_MS, PAUSE_FIRST_MS * 2 ** Math.min(attempts, 10));

export class Feed {
  private source_: EventSource | null = null;
  private state_: FeedState = { phase: "connecting", heard: 0, retry_at: 0, attempts: 0 };
  private retry_ = 0;
  private watch_ = 0;
  private opened_at_ = 0;
  private asking_ = false;

  constructor(private readonly parts_: FeedParts) {}

  start(): void {
    if (this.watch_ !== 0) return;
    this.watch_ = window.setInterval(() => this.look(), 1_000);
    this.connect();
  }

  stop(): void {
    window.clearInterval(this.watch_);
    window.clearTimeout(this.retry_);
    this.watch_ = 0;
    this.close();
  }

  /** At once, not when the pause is over. */
  retry_now(): void {
    if (this.watch_ === 0 || this.state_.phase !== "lost") return;
    window.clearTimeout(this.retry_);
    this.connect();
  }

  private tell(change: Partial<FeedState>): void {
    this.state_ = { ...this.state_, ...change };
    this.parts_.on_state(this.state_);
  }

  private close(): void {
    this.source_?.close();
    this.source_ = null;
  }

  private connect(): void {
    this.close();
    this.opened_at_ = Date.now();
    this.tell({ phase: this.state_.phase === "lost" ? "lost" : "connecting", retry_at: 0 });
    const source = (this.parts_.open ?? ((url) => new EventSource(url)))(this.parts_.url);
    this.source_ = source;
    source.onopen = () => {
      this.tell({ phase: "open", heard: Date.now(), attempts: 0, retry_at: 0 });
      this.parts_.on_open();
    };
    source.onerror = () => this.lose();
    for (const topic of this.parts_.topics) {
      source.addEventListener(topic, (event) => {
        this.state_.heard = Date.now();
        let data: unknown;
        try {
          data = JSON.parse((event as MessageEvent<string>).data);
        } catch {
          return; // half an event is none
        }
        this.parts_.on_event(topic, data);
      });
    }
  }

  private lose(): void {
    this.close();
    if (this.watch_ === 0) return;
    const pause = pause_ms(this.state_.attempts);
    this.tell({ phase: "lost", attempts: this.state_.attempts + 1, retry_at: Date.now() + pause });
    // EventSource does not say why: a session that ended shows itself when asked.
    void this.parts_.is_alive();
    window.clearTimeout(this.retry_);
    this.retry_ = window.setTimeout(() => this.connect(), pause);
  }

  /** Once a second. Silence alone is no loss: an engine that is away has nothing to tell. */
  private look(): void {
    const now = Date.now();
    if (this.source_ !== null && this.state_.phase !== "open" && now - this.opened_at_ > OPENING_MS) {
      this.lose();
      return;
    }
    if (this.state_.phase !== "open" || now - this.state_.heard < SILENCE_MS || this.asking_) return;
    this.asking_ = true;
    void this.parts_.is_alive().then((alive) => {
      this.asking_ = false;
      if (this.state_.phase !== "open") return;
      if (alive) this.state_.heard = Date.now();
      else this.lose();
    });
  }
}
