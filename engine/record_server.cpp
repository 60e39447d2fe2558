#include "engine/record_server.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/control_socket.hpp"
#include "base/log.hpp"
#include "base/unix_listener.hpp"

namespace callweir::engine {
namespace {

constexpr std::size_t resume_bytes_max = 1024;
constexpr std::size_t chunk = 128 << 10;           // taken from the journal at once
constexpr std::size_t live_waiting_max = 1 << 20;  // bytes from the other threads, a turn's worth
constexpr int rounds_max = 64;                     // chunks for one reader in one turn
constexpr int pause_ms = 50;                       // between two looks at the journal

struct reader {
  explicit reader(int connection, time_point now)
      : fd(connection), requests(resume_bytes_max), moved(now) {}

  int fd;
  control::frame_reader requests;
  std::string out;
  std::size_t sent = 0;
  bool resumed = false, done = false;
  std::uint64_t next = 0;   // record
  std::uint64_t hello = 0;  // which it has heard
  time_point moved;         // when it connected or read something last

  std::size_t unread() const { return out.size() - sent; }
};

}  // namespace

struct record_server::impl {
  impl(options wanted, const record_journal& from, stream::hello said)
      : settings(std::move(wanted)), journal(from), hello(std::move(said)) {}

  const options settings;
  const record_journal& journal;
  std::optional<unix_listener> listener;
  int wake = -1;
  std::vector<std::unique_ptr<reader>> readers;  // at most stream::readers_max; this thread's
  steady_clock clock;
  log::limiter refusals;

  std::mutex mutex;
  stream::hello hello;
  std::uint64_t hellos = 1;
  std::string live;  // frames for all readers that resumed
  std::atomic<std::uint64_t> reading{0}, connected{0}, refused{0}, live_lost{0};
  std::thread thread;

  void serve();
  void admit(time_point now);
  void greet(reader& to);
  void take_requests(reader& from, time_point now);
  void resume(reader& from, const std::string& request);
  void refuse(reader& whom, const std::string& why, time_point now);
  void spread_live();
  void feed(reader& to, time_point now);
  bool write(reader& to, time_point now);
  void drop_finished(time_point now);
  void drain();
};

void record_server::impl::refuse(reader& whom, const std::string& why, time_point now) {
  whom.done = true;
  refused.fetch_add(1, std::memory_order_relaxed);
  if (refusals.pass(now)) log::warning("records", "a reader of records is refused: {}", why);
}

void record_server::impl::admit(time_point now) {
  const int fd = listener->accept();
  if (fd < 0) return;
  if (readers.size() >= stream::readers_max) {
    // One that has not said what it wants makes room for one that may.
    const auto idle = std::find_if(readers.begin(), readers.end(),
                                   [](const auto& each) { return !each->resumed; });
    refused.fetch_add(1, std::memory_order_relaxed);
    if (idle == readers.end()) {
      ::close(fd);
      return;
    }
    ::close((*idle)->fd);
    readers.erase(idle);
  }
  connected.fetch_add(1, std::memory_order_relaxed);
  readers.push_back(std::make_unique<reader>(fd, now));
  greet(*readers.back());
  (void)write(*readers.back(), now);
}

void record_server::impl::greet(reader& to) {
  stream::hello said;
  {
    const std::lock_guard lock(mutex);
    if (to.hello == hellos) return;
    to.hello = hellos;
    said = hello;
  }
  const auto held = journal.held();
  said.version = stream::version;
  said.oldest = held.oldest;
  said.next = held.next;
  std::string text;
  append_json(text, said);
  control::append_frame(to.out, text);
}

void record_server::impl::resume(reader& from, const std::string& request) {
  const auto wanted = stream::read_resume(request);
  if (!wanted) return refuse(from, wanted.error().what, clock.now());
  if (wanted->version != stream::version) {
    return refuse(from, "it speaks version " + std::to_string(wanted->version), clock.now());
  }
  if (from.resumed) return refuse(from, "it resumes twice", clock.now());
  std::string own;
  {
    const std::lock_guard lock(mutex);
    own = hello.engine;
  }
  const std::uint64_t next = journal.held().next;
  from.next = wanted->engine == own ? std::min(wanted->after, next - 1) + 1 : 1;
  from.resumed = true;
}

void record_server::impl::take_requests(reader& from, time_point now) {
  char buffer[resume_bytes_max];
  const auto got = ::recv(from.fd, buffer, sizeof buffer, 0);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) from.done = true;
  if (got <= 0) return;
  from.requests.feed({buffer, static_cast<std::size_t>(got)});
  std::string request;
  while (!from.done && from.requests.next(request)) resume(from, request);
  if (!from.done && from.requests.failed()) refuse(from, "its frame is too long", now);
}

void record_server::impl::spread_live() {
  std::string frames;
  {
    const std::lock_guard lock(mutex);
    frames.swap(live);
  }
  if (frames.empty()) return;
  for (const auto& each : readers) {
    if (!each->resumed) continue;
    if (each->unread() + frames.size() <= unread_max) {
      each->out += frames;
    } else {
      live_lost.fetch_add(1, std::memory_order_relaxed);
    }
  }
}

/// False when the connection takes no more for now.
bool record_server::impl::write(reader& to, time_point now) {
  while (to.unread() > 0) {
    const auto n = ::send(to.fd, to.out.data() + to.sent, to.unread(), MSG_NOSIGNAL);
    if (n > 0) {
      to.sent += static_cast<std::size_t>(n);
      to.moved = now;
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else {
      to.done = to.done || errno != EAGAIN;
      // What has left goes, so that a slow reader's memory stays within its bound.
      to.out.erase(0, to.sent);
      to.sent = 0;
      return false;
    }
  }
  to.out.clear();
  to.sent = 0;
  if (to.resumed) to.moved = now;  // who has read everything is not stuck
  return true;
}

void record_server::impl::feed(reader& to, time_point now) {
  greet(to);
  for (int round = 0; round < rounds_max && !to.done; ++round) {
    if (!write(to, now) || !to.resumed) return;
    const std::uint64_t before = to.next;
    to.next = journal.read(to.next, chunk, to.out);
    if (to.next == before) return;
  }
}

void record_server::impl::drop_finished(time_point now) {
  std::erase_if(readers, [&](const auto& each) {
    const bool silent = !each->resumed && now - each->moved > settings.resume_patience;
    const bool stuck = each->unread() > 0 && now - each->moved > settings.read_patience;
    if (!each->done && !silent && !stuck) return false;
    ::close(each->fd);
    return true;
  });
  const auto reads =
      std::count_if(readers.begin(), readers.end(), [](const auto& each) { return each->resumed; });
  reading.store(static_cast<std::uint64_t>(reads), std::memory_order_relaxed);
}

/// At the end: readers that read get what is there, for a bounded time.
void record_server::impl::drain() {
  const auto until = clock.now() + settings.drain_patience;
  for (auto now = clock.now(); now < until; now = clock.now()) {
    bool waiting = false;
    const std::uint64_t last = journal.held().next;
    spread_live();
    for (const auto& each : readers) {
      if (!each->done) feed(*each, now);
      waiting |= !each->done && each->resumed && (each->unread() > 0 || each->next < last);
    }
    if (!waiting) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void record_server::impl::serve() {
  std::vector<pollfd> watched;
  for (;;) {
    watched.assign({{wake, POLLIN, 0}, {listener->fd(), POLLIN, 0}});
    for (const auto& each : readers) {
      const short wanted = each->unread() > 0 ? POLLIN | POLLOUT : POLLIN;
      watched.push_back({each->fd, wanted, 0});
    }
    const int patience = readers.empty() ? 1000 : pause_ms;
    if (::poll(watched.data(), watched.size(), patience) < 0 && errno != EINTR) return;
    if (watched[0].revents != 0) return drain();
    const auto now = clock.now();
    try {
      for (std::size_t i = 2; i < watched.size(); ++i) {
        if (watched[i].revents & ~POLLOUT) take_requests(*readers[i - 2], now);
      }
      spread_live();
      for (const auto& each : readers) {
        if (!each->done) feed(*each, now);
      }
      drop_finished(now);
      if (watched[1].revents != 0) admit(now);
    } catch (const std::exception& problem) {  // out of memory: readers come again
      log::error("records", "{}", problem.what());
      for (const auto& each : readers) each->done = true;
      drop_finished(now);
    }
  }
}

result<std::unique_ptr<record_server>> record_server::start(options options,
                                                            const record_journal& journal,
                                                            stream::hello hello) {
  auto listener = unix_listener::open(options.path, options.mode);
  if (!listener) return tl::unexpected(listener.error());
  auto made = std::make_unique<impl>(std::move(options), journal, std::move(hello));
  made->listener.emplace(std::move(*listener));
  made->readers.reserve(stream::readers_max);
  made->wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  made->thread = std::thread([raw = made.get()] { raw->serve(); });
  return std::unique_ptr<record_server>(new record_server(std::move(made)));
}

record_server::record_server(std::unique_ptr<impl> made) : impl_(std::move(made)) {}

record_server::~record_server() {
  const std::uint64_t one = 1;
  (void)!::write(impl_->wake, &one, sizeof one);
  impl_->thread.join();
  for (const auto& each : impl_->readers) ::close(each->fd);
  ::close(impl_->wake);
}

void record_server::set_hello(stream::hello hello) {
  const std::lock_guard lock(impl_->mutex);
  impl_->hello = std::move(hello);
  ++impl_->hellos;
}

bool record_server::has_readers() const noexcept {
  return impl_->reading.load(std::memory_order_relaxed) > 0;
}

void record_server::live_text(std::string_view record) {
  if (record.size() + 64 > stream::frame_bytes_max) return;
  std::string frame;
  stream::append_live(frame, record);
  const std::lock_guard lock(impl_->mutex);
  if (impl_->live.size() + frame.size() > live_waiting_max) {
    impl_->live_lost.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  control::append_frame(impl_->live, frame);
}

record_server::counters record_server::count() const noexcept {
  return {impl_->reading.load(std::memory_order_relaxed),
          impl_->connected.load(std::memory_order_relaxed),
          impl_->refused.load(std::memory_order_relaxed),
          impl_->live_lost.load(std::memory_order_relaxed)};
}

}  // namespace callweir::engine
