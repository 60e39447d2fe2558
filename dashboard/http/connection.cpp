#include "dashboard/http/connection.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "dashboard/http/event_stream.hpp"
#include "dashboard/http/response_writer.hpp"

namespace callweir::dashboard::http {
namespace {

constexpr int reads_a_turn = 4;  // of 16 kB: one client does not keep the others waiting
constexpr std::size_t linger_bytes_max = 256 << 10;
constexpr std::chrono::seconds linger_patience{2};
constexpr int stream_send_buffer_bytes = 128 << 10;
constexpr std::size_t events_a_turn = 64;

constexpr std::string_view not_tls =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 38\r\n"
    "Connection: close\r\n\r\nThis port speaks HTTPS: use https://.\n";

}  // namespace

connection::connection(int descriptor, SSL_CTX* context, std::string peer, const patience& limits,
                       instant now)
    : transport_(descriptor, context),
      peer_(std::move(peer)),
      limits_(limits),
      phase_(context == nullptr ? phase::reading : phase::handshake),
      since_(now),
      waiting_(now),
      progress_(now) {}

void connection::enter(phase next, instant now) {
  phase_ = next;
  since_ = waiting_ = now;
  moved_ = counted_ = 0;
}

void connection::hang_up() {
  if (phase_ == phase::answering || phase_ == phase::writing) phase_ = phase::over;
}

std::uint32_t connection::events() const {
  const std::uint32_t write = out_.empty() || blocked_on_read_ ? 0U : EPOLLOUT;
  switch (phase_) {
    case phase::handshake:
      return blocked_on_write_ ? EPOLLOUT : EPOLLIN;
    case phase::reading:
      // Nothing is read before the interim answer is out: asking for it would wake at once, for
      // ever.
      if (!out_.empty()) return blocked_on_read_ ? EPOLLIN : EPOLLOUT;
      return blocked_on_write_ ? EPOLLOUT : EPOLLIN;
    case phase::streaming:
      return (blocked_on_write_ ? EPOLLOUT : EPOLLIN) | write;
    case phase::writing:
      return blocked_on_read_ ? EPOLLIN : EPOLLOUT;
    case phase::lingering:
      return EPOLLIN;
    case phase::answering:
    case phase::over:
      return 0;
  }
  return 0;
}

void connection::advance(std::span<char> buffer, instant now) {
  switch (phase_) {
    case phase::handshake:
      return shake_hands(now);
    case phase::reading:
      if (!out_.empty() && !flush(now)) return;
      return read_request(buffer, now);
    case phase::writing:
      return finish_writing(buffer, now);
    case phase::streaming:
      if (!out_.empty()) flush(now);
      // Read even while writing is blocked: what nobody reads would wake the loop for ever.
      if (phase_ == phase::streaming) watch_stream(buffer);
      return;
    case phase::lingering:
      return linger(buffer);
    case phase::answering:
    case phase::over:
      return;
  }
}

void connection::shake_hands(instant now) {
  const transfer moved = transport_.handshake();
  blocked_on_write_ = moved == transfer::want_write;
  if (moved == transfer::done) return enter(phase::reading, now);
  if (moved == transfer::want_read || moved == transfer::want_write) return;
  malformed_ = true;
  if (moved != transfer::plain_http) {
    phase_ = phase::over;
    return;
  }
  transport_.write_raw(not_tls);
  transport_.end_writing();
  enter(phase::lingering, now);
}

void connection::read_request(std::span<char> buffer, instant now) {
  if (!early_.empty()) {
    const std::string before = std::exchange(early_, {});
    if (!parse(before, now)) return;
  }
  for (int turn = 0; turn < reads_a_turn; ++turn) {
    std::size_t bytes = 0;
    const transfer moved = transport_.read(buffer, bytes);
    blocked_on_write_ = moved == transfer::want_write;
    if (moved == transfer::want_read || moved == transfer::want_write) return;
    if (moved != transfer::done) {
      // Half a request will never be whole: nothing to answer.
      malformed_ = malformed_ || !parser_.untouched();
      phase_ = phase::over;
      return;
    }
    if (!parse({buffer.data(), bytes}, now)) return;
  }
}

/// False: the phase has changed, no more is to be read.
bool connection::parse(std::string_view bytes, instant now) {
  if (parser_.untouched()) {
    since_ = waiting_ = now;
    body_began_ = continued_ = false;
  }
  const std::size_t used = parser_.feed(bytes);
  if (parser_.failed()) {
    malformed_ = true;
    refuse(parser_.status(), parser_.what(), now);
    return false;
  }
  if (parser_.complete()) {
    early_.assign(bytes.substr(used));
    keep_alive_ = parser_.keep_alive();
    enter(phase::answering, now);
    return false;
  }
  if (!parser_.in_header() && !body_began_) {
    body_began_ = true;
    since_ = now;
    counted_ = 0;
  }
  if (parser_.expects_continue() && !continued_) {
    continued_ = true;
    if (parser_.body_bytes() == 0) {
      out_ = "HTTP/1.1 100 Continue\r\n\r\n";
      written_ = 0;
      // Nothing more is read until it is out: the answer must not come over it.
      if (!flush(now)) return false;
    }
  }
  return true;
}

request connection::take_request() {
  request out = parser_.take();
  out.peer = peer_;
  out.secure = transport_.secure();
  head_ = out.verb == method::head;
  return out;
}

void connection::refuse(int status, const char* what, instant now) {
  keep_alive_ = false;
  head_ = false;
  early_.clear();
  write_answer(problem(status, what), now);
}

void connection::write_answer(response&& with, instant now) {
  const bool stream = with.event_stream && !head_;
  out_ = write_head(with, {.secure = transport_.secure(),
                           .keep_alive = keep_alive_,
                           .head = head_,
                           .now = std::time(nullptr)});
  out_ += stream ? with.first_events : with.body;
  written_ = 0;
  if (with.event_stream) keep_alive_ = false;
  enter(stream ? phase::streaming : phase::writing, now);
  if (!stream) return;
  position_ = with.events_after;
  hidden_topic_ = std::move(with.hidden_topic);
  ended_ = std::move(with.ended);
  progress_ = now;
  early_.clear();
  // A client that does not read holds this much of the kernel's memory, not megabytes.
  const int bytes = stream_send_buffer_bytes;
  ::setsockopt(transport_.descriptor(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

void connection::answer(response&& with, std::span<char> buffer, instant now) {
  write_answer(std::move(with), now);
  advance(buffer, now);
}

void connection::answer_and_close(response&& with, std::span<char> buffer, instant now) {
  keep_alive_ = false;
  answer(std::move(with), buffer, now);
}

/// True when nothing is left to write.
bool connection::flush(instant now) {
  while (written_ < out_.size()) {
    std::size_t bytes = 0;
    const transfer moved = transport_.write(std::string_view(out_).substr(written_), bytes);
    blocked_on_read_ = moved == transfer::want_read;
    if (moved == transfer::want_read || moved == transfer::want_write) return false;
    if (moved != transfer::done) {
      phase_ = phase::over;
      return false;
    }
    written_ += bytes;
    moved_ += bytes;
    progress_ = now;
  }
  std::string().swap(out_);
  written_ = 0;
  return true;
}

void connection::finish_writing(std::span<char> buffer, instant now) {
  if (!flush(now)) return;
  if (keep_alive_) {
    enter(phase::reading, now);
    return read_request(buffer, now);
  }
  transport_.end_writing();
  enter(phase::lingering, now);
  linger(buffer);
}

/// A stream's client has nothing more to say; its end is what is waited for.
void connection::watch_stream(std::span<char> buffer) {
  std::size_t bytes = 0;
  const transfer moved = transport_.read(buffer, bytes);
  blocked_on_write_ = moved == transfer::want_write;
  if (moved != transfer::want_read && moved != transfer::want_write) phase_ = phase::over;
}

void connection::linger(std::span<char> buffer) {
  for (int turn = 0; turn < reads_a_turn; ++turn) {
    std::size_t bytes = 0;
    const transfer moved = transport_.read_raw(buffer, bytes);
    if (moved == transfer::want_read) return;
    moved_ += bytes;
    if (moved != transfer::done || moved_ > linger_bytes_max) {
      phase_ = phase::over;
      return;
    }
  }
}

void connection::feed(const live_board& board, instant now) {
  if (phase_ != phase::streaming) return;
  if (ended_ && ended_->load(std::memory_order_relaxed)) {
    phase_ = phase::over;
    return;
  }
  out_.erase(0, std::exchange(written_, 0));
  while (out_.size() - written_ < stream_backlog_bytes) {
    bool missed = false;
    const auto events = board.after(position_, missed, events_a_turn);
    if (missed) append_missed(out_);
    for (const auto& one : events) {
      if (one.topic != hidden_topic_) append_event(out_, one);
    }
    if (missed && events.empty()) position_ = board.newest();
    if (!events.empty()) position_ = events.back().id;
    if (out_.empty() && now - progress_ >= heartbeat_every) out_ += heartbeat;
    if (out_.empty() || !flush(now) || events.size() < events_a_turn) return;
  }
}

double connection::pace(instant now) const {
  constexpr double shortest_s = 0.001;
  const double taken_s = std::chrono::duration<double>(now - waiting_).count();
  return static_cast<double>(moved_) / std::max(taken_s, shortest_s);
}

/// Whether fewer of `bytes` than must move in one patience have moved in the last one. A burst at
/// the start buys no time later on.
bool connection::dawdles(std::size_t bytes, instant now) {
  if (now - since_ <= limits_.header) return false;
  const auto least = bytes_per_s_min * static_cast<std::size_t>(limits_.header.count()) / 1'000;
  if (bytes - counted_ < least) return true;
  counted_ = bytes;
  since_ = now;
  return false;
}

connection::lateness connection::late(instant now) {
  const auto slow = [](bool yes) { return yes ? lateness::slow : lateness::none; };
  switch (phase_) {
    case phase::handshake:
      return slow(now - since_ > limits_.header);
    case phase::reading:
      if (parser_.untouched()) return now - since_ > limits_.idle ? lateness::idle : lateness::none;
      return slow(dawdles(parser_.body_bytes(), now));
    case phase::writing:
      return slow(dawdles(moved_, now));
    case phase::streaming:
      return slow(!out_.empty() && now - progress_ > limits_.stream);
    case phase::lingering:
      return now - since_ > linger_patience ? lateness::idle : lateness::none;
    case phase::answering:
    case phase::over:
      return lateness::none;
  }
  return lateness::none;
}

void connection::time_out(std::span<char> buffer, instant now) {
  if (phase_ == phase::reading && !parser_.untouched() && out_.empty()) {
    refuse(408, "the request did not come in time", now);
    return advance(buffer, now);
  }
  if (phase_ == phase::reading) transport_.end_writing();
  phase_ = phase::over;
}

}  // namespace callweir::dashboard::http
