// The loop that drives the connections: one thread, epoll, a sweep for deadlines four times a
// second.
#include "dashboard/http/server.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dashboard/http/answering_pool.hpp"
#include "dashboard/http/connection.hpp"
#include "dashboard/http/listener.hpp"
#include "dashboard/http/tls.hpp"

namespace callweir::dashboard::http {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t listener_id = 0, waker_id = 1, first_connection_id = 2;
constexpr std::size_t buffer_bytes = 16 << 10;  // a whole TLS record: none of it stays in OpenSSL
constexpr int accepts_a_turn = 64;
constexpr int events_a_turn = 256;
constexpr milliseconds sweep_every{250};
/// Streams are fed at most this often, however much the board is told.
constexpr milliseconds feed_every{25};
/// A connection may be put out for a new one after it has been idle, in its handshake or in a
/// header for this long.
constexpr std::chrono::seconds evictable_after{1};

/// Wakes the loop from other threads; shared with whoever may still hold the board's old wake-up
/// when the server is gone.
class waker {
 public:
  waker() : event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  int get() const { return event_.get(); }
  /// Never blocks: the counter of an eventfd that nobody reads cannot fill up within its 64 bits.
  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
  }
  void rest() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(event_.get(), &count, sizeof count);
  }
  /// The board has something new; one wake-up until it was looked at.
  void board_told() {
    if (!board_.exchange(true)) wake();
  }
  bool take_board() { return board_.exchange(false); }

 private:
  descriptor event_;
  std::atomic<bool> board_{false};
};

struct counters_now {
  std::atomic<std::uint64_t> connections{0}, refused{0}, requests{0}, malformed{0}, timed_out{0},
      overloaded{0}, evicted{0}, streams_dropped{0}, answers_dropped{0}, open{0}, event_streams{0};
};

/// Threads of the server leave signals to the program's main thread; a broken pipe is an error
/// code.
class signals_blocked {
 public:
  signals_blocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;

 private:
  sigset_t before_{};
};

class epoll_server final : public server {
 public:
  epoll_server(const server_options& options, certificate_pair tls, descriptor listener,
               descriptor epoll, handler answer, live_board& board)
      : options_(options),
        tls_(std::move(tls)),
        listener_(std::move(listener)),
        epoll_(std::move(epoll)),
        board_(board),
        port_(bound_port(listener_.get())) {
    watch(EPOLL_CTL_ADD, listener_.get(), listener_id, EPOLLIN);
    watch(EPOLL_CTL_ADD, waker_->get(), waker_id, EPOLLIN);
    board_.on_event([waker = waker_] { waker->board_told(); });
    const signals_blocked blocked;
    pool_ = std::make_unique<answering_pool>(
        options_.answering_threads, options_.requests_waiting_max, std::move(answer),
        [this](std::uint64_t to, response&& with) { deliver(to, std::move(with)); });
    loop_ = std::thread([this] { run(); });
  }

  ~epoll_server() override {
    board_.on_event(nullptr);
    stopping_ = true;
    waker_->wake();
    loop_.join();
    pool_.reset();
  }
  epoll_server(const epoll_server&) = delete;
  epoll_server& operator=(const epoll_server&) = delete;

  std::uint16_t port() const override { return port_; }

  server_counters counters() const override {
    const auto read = [](const std::atomic<std::uint64_t>& one) {
      return one.load(std::memory_order_relaxed);
    };
    server_counters out;
    out.connections = read(now_.connections);
    out.refused = read(now_.refused);
    out.requests = read(now_.requests);
    out.malformed = read(now_.malformed);
    out.timed_out = read(now_.timed_out);
    out.overloaded = read(now_.overloaded);
    out.evicted = read(now_.evicted);
    out.streams_dropped = read(now_.streams_dropped);
    out.answers_dropped = read(now_.answers_dropped);
    out.open = read(now_.open);
    out.event_streams = read(now_.event_streams);
    return out;
  }

 private:
  struct client {
    client(int socket, SSL_CTX* tls, arrival&& from, const patience& limits, instant now)
        : link(socket, tls, std::move(from.peer), limits, now),
          counts_as(std::move(from.counts_as)) {}
    connection link;
    std::string counts_as;
    const std::size_t* of_address = nullptr;  // how many connections its address has
    std::uint32_t watched = 0;
    bool streaming = false, counted_malformed = false;
    std::shared_ptr<std::atomic<bool>> abandoned;  // of the request that is being answered
  };
  using clients = std::unordered_map<std::uint64_t, std::unique_ptr<client>>;

  void run();
  void accept_some(instant now);
  bool make_room(const std::string& counts_as, instant now);
  void ask(std::uint64_t id, client& of, instant now);
  void deliver(std::uint64_t to, response&& with);
  void hand_out_answers(instant now);
  void bound_unread(std::uint64_t newest, instant now);
  void feed_streams(instant now);
  void sweep(instant now);
  void settle(clients::iterator at);
  clients::iterator put_out(clients::iterator at);
  bool watch(int operation, int socket, std::uint64_t id, std::uint32_t events) const;
  milliseconds time_to_wait(instant now) const;

  server_options options_;
  certificate_pair tls_;
  descriptor listener_, epoll_;
  live_board& board_;
  std::uint16_t port_;
  std::shared_ptr<waker> waker_ = std::make_shared<waker>();
  counters_now now_;
  std::atomic<bool> stopping_{false};

  // The loop's own.
  clients clients_;
  address_counts addresses_;
  std::uint64_t next_id_ = first_connection_id;
  std::array<char, buffer_bytes> buffer_{};
  bool listening_ = true, to_feed_ = false;
  instant next_sweep_{}, next_feed_{};

  std::mutex answers_mutex_;
  std::vector<std::pair<std::uint64_t, response>> answers_;  // at most one a connection

  std::unique_ptr<answering_pool> pool_;
  std::thread loop_;
};

bool epoll_server::watch(int operation, int socket, std::uint64_t id, std::uint32_t events) const {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  return ::epoll_ctl(epoll_.get(), operation, socket, &event) == 0;
}

milliseconds epoll_server::time_to_wait(instant now) const {
  instant until = now + std::chrono::hours(1);
  if (!clients_.empty() || !listening_) until = next_sweep_;
  if (to_feed_ && now_.event_streams.load(std::memory_order_relaxed) > 0) {
    until = std::min(until, next_feed_);
  }
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(until - now));
}

void epoll_server::run() {
  std::array<epoll_event, events_a_turn> ready{};
  while (!stopping_) {
    const auto wait = time_to_wait(std::chrono::steady_clock::now());
    const int count =
        ::epoll_wait(epoll_.get(), ready.data(), events_a_turn, static_cast<int>(wait.count()));
    const instant now = std::chrono::steady_clock::now();
    for (int i = 0; i < count; ++i) {
      const epoll_event& one = ready[static_cast<std::size_t>(i)];
      if (one.data.u64 == listener_id) {
        accept_some(now);
      } else if (one.data.u64 == waker_id) {
        waker_->rest();
      } else if (const auto at = clients_.find(one.data.u64); at != clients_.end()) {
        if ((one.events & (EPOLLERR | EPOLLHUP)) != 0) at->second->link.hang_up();
        at->second->link.advance(buffer_, now);
        settle(at);
      }
    }
    hand_out_answers(now);
    to_feed_ = waker_->take_board() || to_feed_;
    if (to_feed_ && now >= next_feed_) feed_streams(now);
    if (now >= next_sweep_) sweep(now);
  }
  clients_.clear();
}

void epoll_server::accept_some(instant now) {
  for (int i = 0; i < accepts_a_turn; ++i) {
    arrival one = accept_one(listener_.get());
    if (one.socket.get() < 0) {
      const bool short_of =
          errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
      // Nothing can be accepted until something is free again: the sweep tries it.
      if (short_of) listening_ = !watch(EPOLL_CTL_MOD, listener_.get(), listener_id, 0);
      return;
    }
    if (!make_room(one.counts_as, now)) {
      now_.refused.fetch_add(1, std::memory_order_relaxed);
      const linger at_once{1, 0};
      ::setsockopt(one.socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      continue;
    }
    const std::uint64_t id = next_id_++;
    const int socket = one.socket.release();
    auto made = std::make_unique<client>(
        socket, tls_.get(), std::move(one),
        patience{options_.header_patience, options_.idle_patience, options_.stream_patience}, now);
    made->watched = made->link.events();
    if (!watch(EPOLL_CTL_ADD, socket, id, made->watched)) continue;
    made->of_address = addresses_.add(made->counts_as);
    clients_.emplace(id, std::move(made));
    now_.connections.fetch_add(1, std::memory_order_relaxed);
    now_.open.store(clients_.size(), std::memory_order_relaxed);
  }
}

/// Whether one more may come in. Where it is full, a connection that has not said anything whole
/// makes room: the slowest one of the address that has most. It goes at once where that address has
/// more than the newcomer's, so that nobody keeps others out by numbers; else after a while.
bool epoll_server::make_room(const std::string& counts_as, instant now) {
  const std::size_t own = addresses_.of(counts_as);
  const bool all_full = clients_.size() >= options_.connections_max;
  const bool address_full = own >= options_.connections_of_one_address_max;
  if (!all_full && !address_full) return true;
  auto worst = clients_.end();
  for (auto at = clients_.begin(); at != clients_.end(); ++at) {
    const client& one = *at->second;
    if (!one.link.dispensable() || (address_full && one.counts_as != counts_as)) continue;
    const std::size_t theirs = *one.of_address;
    if (theirs <= own + 1 && now - one.link.since() < evictable_after) continue;
    if (worst == clients_.end() || theirs > *worst->second->of_address ||
        (theirs == *worst->second->of_address && one.link.since() < worst->second->link.since())) {
      worst = at;
    }
  }
  if (worst == clients_.end()) return false;
  now_.evicted.fetch_add(1, std::memory_order_relaxed);
  put_out(worst);
  return true;
}

/// After anything has moved: hands a complete request on, forgets who has gone, watches for what
/// is needed next.
void epoll_server::settle(clients::iterator at) {
  client& of = *at->second;
  if (of.link.malformed() && !std::exchange(of.counted_malformed, true)) {
    now_.malformed.fetch_add(1, std::memory_order_relaxed);
  }
  if (of.link.at() == connection::phase::answering && of.abandoned == nullptr) {
    ask(at->first, of, std::chrono::steady_clock::now());
  }
  if (of.link.at() == connection::phase::over) {
    put_out(at);
    return;
  }
  const std::uint32_t events = of.link.events();
  if (events != of.watched && watch(EPOLL_CTL_MOD, of.link.descriptor(), at->first, events)) {
    of.watched = events;
  }
}

void epoll_server::ask(std::uint64_t id, client& of, instant now) {
  now_.requests.fetch_add(1, std::memory_order_relaxed);
  of.abandoned = std::make_shared<std::atomic<bool>>(false);
  if (pool_->submit({id, of.link.take_request(), of.abandoned})) return;
  now_.overloaded.fetch_add(1, std::memory_order_relaxed);
  of.abandoned.reset();
  response busy = problem(503, "too many requests are waiting", {}, "try again in a moment");
  busy.headers.emplace_back("Retry-After", "1");
  of.link.answer_and_close(std::move(busy), buffer_, now);
}

void epoll_server::deliver(std::uint64_t to, response&& with) {
  {
    const std::lock_guard lock(answers_mutex_);
    answers_.emplace_back(to, std::move(with));
  }
  waker_->wake();
}

void epoll_server::hand_out_answers(instant now) {
  std::vector<std::pair<std::uint64_t, response>> ready;
  {
    const std::lock_guard lock(answers_mutex_);
    ready.swap(answers_);
  }
  for (auto& [id, with] : ready) {
    const auto at = clients_.find(id);
    if (at == clients_.end()) continue;
    client& of = *at->second;
    of.abandoned.reset();
    const auto streams = now_.event_streams.load(std::memory_order_relaxed);
    if (with.event_stream && streams >= options_.event_streams_max) {
      now_.overloaded.fetch_add(1, std::memory_order_relaxed);
      with = problem(503, "too many event streams are open", {}, "close another page of this kind");
      with.headers.emplace_back("Retry-After", "10");
    }
    of.link.answer(std::move(with), buffer_, now);
    if (of.link.at() == connection::phase::streaming) {
      of.streaming = true;
      now_.event_streams.store(streams + 1, std::memory_order_relaxed);
      of.link.feed(board_, now);
    }
    settle(at);
    bound_unread(id, now);
  }
}

/// Answers that wait for their clients are memory: where all together are too many, whoever takes
/// the least of his goes first. Not the `newest`, whose client has had no time yet.
void epoll_server::bound_unread(std::uint64_t newest, instant now) {
  std::size_t unread = 0;
  for (const auto& [id, of] : clients_) unread += of->link.unread();
  while (unread > options_.unread_bytes_max) {
    auto slowest = clients_.end();
    for (auto at = clients_.begin(); at != clients_.end(); ++at) {
      const connection& link = at->second->link;
      if (link.unread() == 0 || at->first == newest) continue;
      if (slowest == clients_.end() || link.pace(now) < slowest->second->link.pace(now)) {
        slowest = at;
      }
    }
    if (slowest == clients_.end()) return;
    unread -= slowest->second->link.unread();
    now_.answers_dropped.fetch_add(1, std::memory_order_relaxed);
    put_out(slowest);
  }
}

void epoll_server::feed_streams(instant now) {
  to_feed_ = false;
  next_feed_ = now + feed_every;
  for (auto at = clients_.begin(); at != clients_.end();) {
    const auto one = at++;
    if (!one->second->streaming) continue;
    one->second->link.feed(board_, now);
    settle(one);
  }
}

/// Deadlines, heartbeats of the streams, and the listener where it had to rest.
void epoll_server::sweep(instant now) {
  next_sweep_ = now + sweep_every;
  if (!listening_) listening_ = watch(EPOLL_CTL_MOD, listener_.get(), listener_id, EPOLLIN);
  for (auto at = clients_.begin(); at != clients_.end();) {
    const auto one = at++;
    client& of = *one->second;
    const auto late = of.link.late(now);
    if (late != connection::lateness::none) {
      if (late == connection::lateness::slow) {
        auto& count = of.streaming ? now_.streams_dropped : now_.timed_out;
        count.fetch_add(1, std::memory_order_relaxed);
      }
      of.link.time_out(buffer_, now);
    } else if (of.streaming) {
      of.link.feed(board_, now);
    }
    settle(one);
  }
}

epoll_server::clients::iterator epoll_server::put_out(clients::iterator at) {
  client& of = *at->second;
  if (of.abandoned) of.abandoned->store(true, std::memory_order_relaxed);
  if (of.streaming) now_.event_streams.fetch_sub(1, std::memory_order_relaxed);
  addresses_.remove(of.counts_as);
  const auto next = clients_.erase(at);
  now_.open.store(clients_.size(), std::memory_order_relaxed);
  return next;
}

}  // namespace

result<certificate_pair> read_certificate(const std::string& certificate, const std::string& key) {
  auto made = make_tls_context(certificate, key);
  if (!made) return tl::unexpected<error>(made.error());
  return certificate_pair(std::move(*made));
}

result<std::unique_ptr<server>> server::start(const server_options& options, handler answer,
                                              live_board& board) {
  certificate_pair tls = options.pair;
  if (!tls && (!options.certificate.empty() || !options.key.empty())) {
    auto made = read_certificate(options.certificate, options.key);
    if (!made) return tl::unexpected<error>(made.error());
    tls = std::move(*made);
  }
  auto listener = listen_on(options.host, options.port);
  if (!listener) return tl::unexpected<error>(listener.error());
  descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (epoll.get() < 0) return fail(std::string("no epoll: ") + std::strerror(errno));
  return std::unique_ptr<server>(std::make_unique<epoll_server>(
      options, std::move(tls), std::move(*listener), std::move(epoll), std::move(answer), board));
}

}  // namespace callweir::dashboard::http
