// One client's connection: handshake, requests one after the other, answers, an event stream. A
// state machine that is told when its socket is ready and what time it is; the server's loop drives
// it. It holds one request or one answer at a time and at most 16 kB that came too early. One
// thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "dashboard/http/request_parser.hpp"
#include "dashboard/http/tls.hpp"
#include "dashboard/live/live_board.hpp"

namespace callweir::dashboard::http {

using instant = std::chrono::steady_clock::time_point;

struct patience {
  std::chrono::milliseconds header;  // from a request's first byte to the end of its header
  std::chrono::milliseconds idle;    // between requests
  std::chrono::milliseconds stream;  // of an event stream whose client takes nothing of what waits
};

/// A body and an answer must move at this rate in every stretch of `patience::header`.
constexpr std::size_t bytes_per_s_min = 4'096;
/// Events are fetched for a stream only while less than this waits for its client.
constexpr std::size_t stream_backlog_bytes = 64 << 10;
constexpr std::chrono::seconds heartbeat_every{15};

class connection {
 public:
  enum class phase : std::uint8_t {
    handshake,
    reading,    // a request, or waiting for one
    answering,  // the request is with the handler
    writing,
    streaming,
    lingering,  // all is said: reads on for a moment, so that the client sees the answer, no reset
    over
  };
  enum class lateness : std::uint8_t { none, idle, slow };

  connection(int descriptor, SSL_CTX* context, std::string peer, const patience& limits,
             instant now);

  /// Reads and writes as far as the socket lets it, within a bound a turn. `buffer` is the loop's.
  void advance(std::span<char> buffer, instant now);
  /// The socket broke while nothing was read or written.
  void hang_up();
  /// In phase answering: what the client asked.
  request take_request();
  /// In phase answering: what it gets.
  void answer(response&& with, std::span<char> buffer, instant now);
  /// The same, and no further request of this connection is read.
  void answer_and_close(response&& with, std::span<char> buffer, instant now);
  /// In phase streaming: takes what the board has for it, and beats.
  void feed(const live_board& board, instant now);

  /// Whether a deadline has passed; `idle` is nobody's fault.
  lateness late(instant now);
  /// Ends it: with a 408 where half a request has come.
  void time_out(std::span<char> buffer, instant now);

  phase at() const { return phase_; }
  /// EPOLLIN and EPOLLOUT as it needs them now.
  std::uint32_t events() const;
  /// No whole request has come yet: nothing is lost to the client when it has to connect again.
  bool dispensable() const { return phase_ == phase::handshake || phase_ == phase::reading; }
  /// Since when, where it is dispensable: connected, shaken hands, or first byte of the request.
  instant since() const { return waiting_; }
  /// Bytes of memory that an answer takes until its client has read it; 0 where there is none.
  std::size_t unread() const { return phase_ == phase::writing ? out_.size() : 0; }
  /// Bytes a second that the client has taken of its answer so far.
  double pace(instant now) const;
  bool malformed() const { return malformed_; }
  const std::string& peer() const { return peer_; }
  int descriptor() const { return transport_.descriptor(); }

 private:
  void shake_hands(instant now);
  void read_request(std::span<char> buffer, instant now);
  bool parse(std::string_view bytes, instant now);
  void refuse(int status, const char* what, instant now);
  void write_answer(response&& with, instant now);
  bool flush(instant now);
  void finish_writing(std::span<char> buffer, instant now);
  void watch_stream(std::span<char> buffer);
  void linger(std::span<char> buffer);
  void enter(phase next, instant now);
  bool dawdles(std::size_t bytes, instant now);

  transport transport_;
  std::string peer_;
  patience limits_;
  request_parser parser_;
  std::string early_;        // bytes of the next request
  std::string out_;          // what is being written
  std::size_t written_ = 0;  // of out_
  std::size_t moved_ = 0;    // bytes of this answer, or thrown away in this linger
  std::size_t counted_ = 0;  // bytes that had moved when since_ was set
  phase phase_;
  instant since_;     // of the phase; of a request's first byte, of its body, of its last check
  instant waiting_;   // of the phase; of a request's first byte
  instant progress_;  // last byte that a stream's client took
  std::uint64_t position_ = 0;                               // newest event that the stream has
  std::string hidden_topic_;                                 // not for this stream's client
  std::shared_ptr<const std::atomic<bool>> ended_;           // response::ended
  bool blocked_on_write_ = false, blocked_on_read_ = false;  // TLS: reading waits to write…
  bool keep_alive_ = false, head_ = false, malformed_ = false, continued_ = false,
       body_began_ = false;
};

}  // namespace callweir::dashboard::http
