// One call with one peer: handshake, media in both directions, adaptation, statistics, farewell. A
// pure state machine: datagrams and time go in, datagrams and reports come out; no socket, no
// clock, no thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "p2p/reception.hpp"
#include "p2p/speech.hpp"

namespace callweir::p2p {

struct session_config {
  key_bytes network{};
  std::span<const std::int16_t> speech;  // must outlive the session
  std::size_t speech_start = 0;          // where in the recording this side begins
  nanoseconds answer_patience = std::chrono::seconds(15);  // for an answer, or for its first packet
};

class call_session {
 public:
  enum class state : std::uint8_t { calling, answering, active, ended };
  enum class ending : std::uint8_t { none, hung_up, peer_hung_up, no_answer, connection_lost };

  /// The caller's side; its offer waits in take_datagrams().
  call_session(const session_config& config, random_source random, time_point now);
  /// The callee's side, made of the offer that came.
  call_session(const session_config& config, random_source random, const hello& offer,
               time_point now);

  /// Anything that came from the peer's address; noise is counted and ignored.
  void on_datagram(bytes_view datagram, time_point now);
  /// Does everything that is due, at most ticks_max ticks of media a call.
  void on_time(time_point now);
  /// Time at which on_time has something to do.
  time_point next_time() const;
  void hang_up(time_point now);

  /// Moves out what waits to be sent.
  std::vector<std::vector<std::uint8_t>> take_datagrams();
  /// Moves out the seconds that ended since the last call, one report each.
  std::vector<second_report> take_reports();

  state now_in() const { return state_; }
  ending ended_by() const { return ending_; }
  std::uint64_t id() const { return call_; }
  std::string id_text() const;
  std::uint64_t refused_datagrams() const { return refused_; }
  const jitter_buffer& playout() const { return buffer_; }

  static constexpr nanoseconds offer_interval = std::chrono::milliseconds(500);
  static constexpr nanoseconds silence_patience = std::chrono::seconds(30);
  static constexpr int ticks_max = 25;

 private:
  void on_hello(const hello& h, time_point now);
  void on_message(std::uint32_t number, const message& m, time_point now);
  void begin_media(time_point now);
  void media_tick(time_point now);
  void send_frame(time_point now);
  void send(const message& m);
  void end(ending why);
  void close_second(time_point now);

  session_config config_;
  random_source random_;
  bool caller_;
  state state_;
  ending ending_ = ending::none;
  std::uint64_t call_ = 0;
  key_pair own_;
  key_bytes peer_{};
  std::optional<secure_channel> channel_;
  std::vector<std::uint8_t> answer_;  // as sent first, for offers that come again
  time_point began_, last_heard_, next_offer_;

  voice_encoder encoder_;
  speech_source source_;
  rate_adapter adapter_;
  std::vector<std::int16_t> microphone_;
  std::vector<std::uint8_t> previous_frame_;
  int previous_ticks_ = 0;
  std::uint32_t sent_tick_ = 0;
  std::uint32_t sent_packets_ = 0;
  time_point next_tick_, next_report_, next_second_;

  jitter_buffer buffer_;
  reception reception_;
  std::optional<std::uint32_t> newest_tick_;

  std::vector<std::vector<std::uint8_t>> out_;
  std::vector<second_report> reports_;
  std::uint64_t refused_ = 0;
};

/// "hung up", "no answer", …
const char* ending_name(call_session::ending why);

}  // namespace callweir::p2p
