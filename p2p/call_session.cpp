#include "p2p/call_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace callweir::p2p {
namespace {

constexpr nanoseconds report_interval = std::chrono::seconds(1);
constexpr nanoseconds second = std::chrono::seconds(1);
constexpr std::size_t reports_max = 64;
constexpr int farewells = 3;  // a lost one costs the peer its patience

std::uint64_t random_call_id(const random_source& random) {
  std::array<std::uint8_t, 8> bytes;
  random(bytes);
  std::uint64_t id = 0;
  for (const std::uint8_t b : bytes) id = id << 8 | b;
  return id;
}

/// The media time nearest to `near` that ends in these 16 bits.
std::uint32_t extend(std::uint16_t low, std::uint32_t near) {
  return near + static_cast<std::uint32_t>(
                    static_cast<std::int16_t>(low - static_cast<std::uint16_t>(near)));
}

}  // namespace

call_session::call_session(const session_config& config, random_source random, time_point now)
    : config_(config),
      random_(std::move(random)),
      caller_(true),
      state_(state::calling),
      call_(random_call_id(random_)),
      own_(make_key_pair(random_)),
      began_(now),
      last_heard_(now),
      next_offer_(now),
      source_(config.speech, config.speech_start),
      adapter_(now),
      reception_(now) {
  on_time(now);
}

call_session::call_session(const session_config& config, random_source random, const hello& offer,
                           time_point now)
    : config_(config),
      random_(std::move(random)),
      caller_(false),
      state_(state::answering),
      call_(offer.call),
      own_(make_key_pair(random_)),
      peer_(offer.open),
      began_(now),
      last_heard_(now),
      next_offer_(now),
      source_(config.speech, config.speech_start),
      adapter_(now),
      reception_(now) {
  channel_ = secure_channel::derive(own_, peer_, config_.network, false);
  if (!channel_) {
    end(ending::no_answer);
    return;
  }
  answer_ = seal_hello({hello::kind::answer, call_, own_.open}, config_.network, random_);
  out_.push_back(answer_);
}

std::string call_session::id_text() const {
  return fmt::format("{:016x}", call_);
}

void call_session::on_datagram(bytes_view datagram, time_point now) {
  if (state_ == state::ended) return;
  if (channel_) {
    if (const auto opened = channel_->open(datagram)) {
      if (const auto m = read_message(opened->plain)) {
        on_message(opened->number, *m, now);
      } else {
        ++refused_;
      }
      return;
    }
  }
  if (const auto h = open_hello(datagram, config_.network); h && h->call == call_) {
    on_hello(*h, now);
  } else {
    ++refused_;
  }
}

void call_session::on_hello(const hello& h, time_point now) {
  if (caller_) {
    if (h.what != hello::kind::answer || channel_) return;
    channel_ = secure_channel::derive(own_, h.open, config_.network, true);
    if (!channel_) return;
    last_heard_ = now;
    begin_media(now);
  } else if (h.what == hello::kind::offer && state_ == state::answering && h.open == peer_) {
    out_.push_back(answer_);  // the first was lost; as many answers as offers, never more
  }
}

void call_session::begin_media(time_point now) {
  state_ = state::active;
  adapter_ = rate_adapter(now);
  reception_ = reception(now);
  next_tick_ = now;
  next_second_ = now + second;
  next_report_ = now + report_interval;
}

void call_session::on_message(std::uint32_t number, const message& m, time_point now) {
  // The callee sends no media before the caller has proved that it holds the keys at this address.
  if (state_ == state::answering) begin_media(now);
  last_heard_ = now;
  if (m.what == message::kind::bye) {
    end(ending::peer_hung_up);
    return;
  }
  if (m.report) adapter_.on_report(*m.report, sent_packets_, now);
  const std::uint32_t tick = extend(m.tick, newest_tick_.value_or(m.tick));
  newest_tick_ = newest_tick_ ? std::max(*newest_tick_, tick) : tick;
  reception_.on_packet(number, one_way_delay(m.send_time, now), tick, m.frame_ticks, m.frame.size(),
                       now);
  if (m.redundant_ticks != 0) buffer_.insert(tick - m.redundant_ticks, m.redundant, true);
  buffer_.insert(tick, m.frame, false);
}

void call_session::on_time(time_point now) {
  switch (state_) {
    case state::calling:
      if (now - began_ >= config_.answer_patience) {
        end(ending::no_answer);
      } else if (now >= next_offer_) {
        next_offer_ = now + offer_interval;
        out_.push_back(
            seal_hello({hello::kind::offer, call_, own_.open}, config_.network, random_));
      }
      return;
    case state::answering:
      if (now - began_ >= config_.answer_patience) end(ending::no_answer);
      return;
    case state::active:
      break;
    case state::ended:
      return;
  }
  if (now - last_heard_ >= silence_patience) {
    end(ending::connection_lost);
    return;
  }
  int ticks = 0;
  for (; next_tick_ <= now && ticks < ticks_max; ++ticks) {
    while (next_second_ <= next_tick_) close_second(next_second_);
    media_tick(now);
    next_tick_ = next_tick_ + tick_length;
  }
  // The process slept longer than it may make up for: the missing speech was never spoken.
  if (next_tick_ <= now) next_tick_ = now + tick_length;
}

void call_session::close_second(time_point now) {
  second_report r = reception_.close(buffer_.totals(), now);
  r.sending = adapter_.settings();
  r.peer_loss = adapter_.loss();
  r.packets_sent = sent_packets_;
  r.buffer_ms = buffer_.level_ticks() * 1000 / ticks_per_second;
  if (reports_.size() < reports_max) reports_.push_back(r);
  next_second_ = next_second_ + second;
  const int jitter_ticks =
      static_cast<int>(std::ceil(3 * reception_.jitter_ms() * ticks_per_second / 1000));
  buffer_.set_target(1 + static_cast<int>(r.frame_ms) * ticks_per_second / 1000 + jitter_ticks);
}

void call_session::media_tick(time_point now) {
  buffer_.play();
  const std::size_t before = microphone_.size();
  microphone_.resize(before + tick_samples);
  source_.read(std::span(microphone_).subspan(before));
  if (static_cast<int>(microphone_.size()) >= adapter_.settings().frame_ticks * tick_samples) {
    send_frame(now);
  }
}

void call_session::send_frame(time_point now) {
  const sender_settings& settings = adapter_.settings();
  // The frame may have been made shorter while a longer one was being filled.
  const int ticks = std::min(static_cast<int>(microphone_.size()) / tick_samples, frame_ticks_max);
  encoder_.apply(settings);
  std::vector<std::uint8_t> frame = encoder_.encode(microphone_);
  microphone_.clear();

  message m;
  m.send_time = send_time_of(now);
  m.tick = static_cast<std::uint16_t>(sent_tick_);
  m.frame_ticks = static_cast<std::uint8_t>(ticks);
  m.frame = frame;
  if (settings.redundancy > 1 && !previous_frame_.empty()) {
    m.redundant = previous_frame_;
    m.redundant_ticks = static_cast<std::uint8_t>(previous_ticks_);
  }
  if (now >= next_report_) {
    m.report = reception_.totals();
    next_report_ = now + report_interval;
  }
  if (!frame.empty()) send(m);
  sent_tick_ += static_cast<std::uint32_t>(ticks);
  previous_frame_ = std::move(frame);
  previous_ticks_ = ticks;
}

void call_session::send(const message& m) {
  std::array<std::uint8_t, message_bytes_max> plain;
  const std::size_t bytes = write_message(m, plain);
  if (bytes == 0) return;
  out_.push_back(channel_->seal(std::span(plain).first(bytes)));
  ++sent_packets_;
}

void call_session::hang_up(time_point now) {
  if (state_ == state::active) {
    message bye;
    bye.what = message::kind::bye;
    bye.send_time = send_time_of(now);
    for (int i = 0; i < farewells; ++i) send(bye);
  }
  end(ending::hung_up);
}

void call_session::end(ending why) {
  if (state_ == state::ended) return;
  state_ = state::ended;
  ending_ = why;
}

time_point call_session::next_time() const {
  switch (state_) {
    case state::calling:
      return std::min(next_offer_, began_ + config_.answer_patience);
    case state::answering:
      return began_ + config_.answer_patience;
    case state::active:
      return std::min(next_tick_, last_heard_ + silence_patience);
    case state::ended:
      break;
  }
  return {std::numeric_limits<std::int64_t>::max()};
}

std::vector<std::vector<std::uint8_t>> call_session::take_datagrams() {
  return std::exchange(out_, {});
}

std::vector<second_report> call_session::take_reports() {
  return std::exchange(reports_, {});
}

const char* ending_name(call_session::ending why) {
  switch (why) {
    case call_session::ending::none:
      return "not ended";
    case call_session::ending::hung_up:
      return "hung up";
    case call_session::ending::peer_hung_up:
      return "peer hung up";
    case call_session::ending::no_answer:
      return "no answer";
    case call_session::ending::connection_lost:
      return "connection lost";
  }
  return "not ended";
}

}  // namespace callweir::p2p
