// Between two lives of the engine: from when until when nobody inspected, as far as the stream
// tells. An engine whose supervisor restarted it says it itself, in its first record; of an
// appliance that was stopped and started only the dashboard knows. Pure; one thread.
#pragma once

#include <optional>

#include "base/record_stream.hpp"

namespace callweir::dashboard {

class engine_outage {
 public:
  /// Shorter ones are not worth a line.
  static constexpr nanoseconds least = std::chrono::seconds(1);

  /// The engine said something; at start: the newest moment that the store knows of.
  void heard(time_point now);
  /// The hello that was heard last is that of another life than the store's.
  void other_life();
  /// The gap to note, once, when the first durable record of that life shows that it is not told
  /// by the engine.
  std::optional<gap_record> on_record(const stream::durable& record, time_point now);

 private:
  time_point last_heard_{}, previous_{};  // the newest two moments
  std::optional<time_point> since_;       // what waits for the first record
};

}  // namespace callweir::dashboard
