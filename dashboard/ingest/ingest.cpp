#include "dashboard/ingest/ingest.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "dashboard/ingest/board_teller.hpp"
#include "dashboard/ingest/control_watch.hpp"
#include "dashboard/ingest/engine_connection.hpp"
#include "dashboard/ingest/engine_outage.hpp"
#include "dashboard/ingest/pending_batch.hpp"

namespace callweir::dashboard {
namespace {

using std::chrono::milliseconds;

constexpr nanoseconds hello_patience = std::chrono::seconds(5);
constexpr nanoseconds refused_pause = std::chrono::seconds(1);  // the store takes nothing
constexpr nanoseconds connect_pause_min = milliseconds(100), connect_pause_max = milliseconds(2000);
constexpr nanoseconds upkeep_every = std::chrono::seconds(1);
constexpr nanoseconds upkeep_more = milliseconds(100);  // when tidying is not done yet
constexpr milliseconds poll_max(200);

/// What records and the store's age go by. It may be set; `clock_` is for waiting.
time_point wall_clock() {
  return {
      std::chrono::duration_cast<nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count()};
}

class ingest_thread final : public ingest {
 public:
  ingest_thread(const ingest_options& options, store& to, live_board& board)
      : options_(options),
        store_(to),
        teller_(board),
        batch_(to.position()),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        watch_(options.control_socket, board),
        thread_([this] { run(); }) {}
  ~ingest_thread() override {
    stopping_.store(true);
    const std::uint64_t one = 1;
    (void)!::write(wake_, &one, sizeof one);
    thread_.join();
    ::close(wake_);
  }

  ingest_counters counters() const override {
    const std::lock_guard lock(mutex_);
    return counters_;
  }
  std::optional<stream::hello> engine() const override {
    const std::lock_guard lock(mutex_);
    return engine_;
  }

 private:
  void run();
  void turn();
  void session(engine_connection& engine);
  void take_frames(engine_connection& engine, std::string& body);
  bool handle(engine_connection& engine, std::string_view frame, time_point now, time_point wall);
  bool meet(engine_connection& engine, stream::hello said);
  void take(stream::durable record, time_point now, time_point wall);
  bool flush();
  void flush_if_due(time_point now);
  void upkeep(time_point now);
  void pause(nanoseconds time);
  void publish(bool connected);

  const ingest_options options_;
  store& store_;
  board_teller teller_;
  pending_batch batch_;
  engine_outage outage_;
  steady_clock clock_;
  time_point upkeep_at_{}, first_waiting_{};
  nanoseconds connect_pause_ = connect_pause_min;
  bool met_ = false;      // this connection's hello came
  bool hostile_ = false;  // this connection speaks something else
  ingest_counters mine_;  // this thread's; shown as counters_
  std::optional<stream::hello> hello_;
  log::limiter refused_limit_, malformed_limit_;

  mutable std::mutex mutex_;
  ingest_counters counters_;
  std::optional<stream::hello> engine_;

  std::atomic<bool> stopping_{false};
  int wake_;
  control_watch watch_;
  std::thread thread_;  // last: everything above is there when it starts
};

void ingest_thread::publish(bool connected) {
  mine_.connected = connected;
  mine_.waiting = batch_.records().size();
  mine_.lost = batch_.lost();
  const std::lock_guard lock(mutex_);
  counters_ = mine_;
  engine_ = connected ? hello_ : std::nullopt;
}

void ingest_thread::pause(nanoseconds time) {
  const auto until = clock_.now() + time;
  for (auto now = clock_.now(); now < until && !stopping_.load(); now = clock_.now()) {
    std::this_thread::sleep_for(std::min<nanoseconds>(until - now, milliseconds(20)));
  }
}

/// True when nothing waits any more.
bool ingest_thread::flush() {
  if (batch_.empty()) return true;
  const auto done = store_.write(batch_.records(), batch_.upto());
  if (!done) {
    if (refused_limit_.pass(clock_.now())) {
      log::error("ingest", "the store refuses {} records: {}", batch_.records().size(),
                 done.error().text());
    }
    return false;
  }
  mine_.records += batch_.records().size();
  batch_.written();
  return true;
}

void ingest_thread::flush_if_due(time_point now) {
  if (batch_.empty()) return;
  if (batch_.records().size() < options_.batch_max && now - first_waiting_ < options_.batch_wait) {
    return;
  }
  // Nothing more is read until this is written: the engine holds what comes.
  while (!flush() && !stopping_.load()) {
    publish(true);
    pause(refused_pause);
    upkeep(clock_.now());  // may make room
  }
}

void ingest_thread::upkeep(time_point now) {
  if (now < upkeep_at_) return;
  teller_.tick(now);
  const auto more = store_.tidy(wall_clock());
  if (!more && refused_limit_.pass(now)) {
    log::error("ingest", "the store cannot be tidied: {}", more.error().text());
  }
  upkeep_at_ = clock_.now() + (more && *more ? upkeep_more : upkeep_every);
}

bool ingest_thread::meet(engine_connection& engine, stream::hello said) {
  if (said.version != stream::version) {
    log::error("ingest", "the engine speaks version {} of the stream, this is version {}",
               said.version, stream::version);
    return false;
  }
  if (met_) {
    if (said.engine != hello_->engine) return false;
    hello_ = std::move(said);
    return true;
  }
  met_ = true;
  const auto& committed = batch_.committed();
  if (said.engine != committed.engine) {
    teller_.forget_calls();
    if (!committed.engine.empty()) outage_.other_life();
  }
  batch_.begin(said);
  std::string out;
  append_json(out, stream::resume{stream::version, batch_.upto().engine, batch_.upto().number});
  hello_ = std::move(said);
  ++mine_.connects;
  connect_pause_ = connect_pause_min;
  return engine.send(out);
}

void ingest_thread::take(stream::durable record, time_point now, time_point wall) {
  if (const auto gap = outage_.on_record(record, wall)) {
    if (const auto noted = store_.note(*gap); !noted) {
      log::error("ingest", "a gap is not noted: {}", noted.error().text());
    }
  }
  if (batch_.empty()) first_waiting_ = now;
  teller_.durable(record.record, wall);
  (void)batch_.take(std::move(record), wall);
}

bool ingest_thread::handle(engine_connection& engine, std::string_view frame, time_point now,
                           time_point wall) {
  auto read = stream::read_from_engine(frame);
  if (!read) {
    ++mine_.malformed;
    if (malformed_limit_.pass(now)) {
      log::warning("ingest", "a frame of the stream is not understood: {}", read.error().text());
    }
    return met_;  // its number will be missed
  }
  outage_.heard(wall);
  if (auto* said = std::get_if<stream::hello>(&*read)) return meet(engine, std::move(*said));
  if (!met_) return false;
  if (auto* record = std::get_if<stream::durable>(&*read)) {
    take(std::move(*record), now, wall);
  } else if (const auto* now_record = std::get_if<stream::live>(&*read)) {
    ++mine_.live_records;
    teller_.live(now_record->record, now);
  } else if (const auto* gone = std::get_if<stream::lost>(&*read)) {
    if (batch_.empty()) first_waiting_ = now;
    batch_.take(*gone, wall);
  }
  return true;
}

void ingest_thread::take_frames(engine_connection& engine, std::string& body) {
  const auto now = clock_.now(), wall = wall_clock();
  while (batch_.records().size() < options_.batch_max && engine.next(body)) {
    if (handle(engine, body, now, wall)) continue;
    hostile_ = true;
    return;
  }
}

void ingest_thread::session(engine_connection& engine) {
  met_ = hostile_ = false;
  hello_.reset();
  const auto begun = clock_.now();
  std::string body;
  while (!stopping_.load() && !engine.broken() && !hostile_) {
    engine.wait(wake_, batch_.empty() ? poll_max : std::min(poll_max, options_.batch_wait));
    bool full = true;
    while (full && !stopping_.load() && !hostile_) {
      take_frames(engine, body);
      full = batch_.records().size() >= options_.batch_max;
      flush_if_due(clock_.now());
    }
    const auto now = clock_.now();
    upkeep(now);
    publish(met_);
    if (!met_ && now - begun > hello_patience) return;
  }
}

void ingest_thread::turn() {
  upkeep(clock_.now());
  if (!flush()) {  // of a connection that is gone
    publish(false);
    pause(refused_pause);
    return;
  }
  publish(false);
  auto engine = engine_connection::open(options_.records_socket);
  if (engine) session(*engine);
  publish(false);
  if (stopping_.load()) return;
  pause(connect_pause_);
  connect_pause_ = std::min(connect_pause_ * 2, connect_pause_max);
}

void ingest_thread::run() {
  try {
    if (auto reader = store_.reader()) {
      if (const auto known = (*reader)->extent(); known && *known)
        outage_.heard(std::min((*known)->to, wall_clock()));
    }
  } catch (const std::exception& problem) {
    log::error("ingest", "{}", problem.what());
  }
  while (!stopping_.load()) {
    try {
      turn();
    } catch (const std::exception& problem) {  // out of memory: what waits is kept
      log::error("ingest", "{}", problem.what());
      pause(refused_pause);
    }
  }
  try {
    (void)flush();
  } catch (const std::exception& problem) {
    log::error("ingest", "{}", problem.what());
  }
  publish(false);
}

}  // namespace

std::unique_ptr<ingest> ingest::start(const ingest_options& options, store& to, live_board& board) {
  return std::make_unique<ingest_thread>(options, to, board);
}

}  // namespace callweir::dashboard
