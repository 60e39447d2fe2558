// Decides what an undecided flow is: fuses our detectors with nDPI's opinion. One worker's, single
// thread; no allocation after start-up.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/packet_view.hpp"
#include "base/verdict.hpp"
#include "classify/flow_event.hpp"

namespace callweir::classify {

/// What nDPI said so far, by name through base/applications.
struct ndpi_opinion {
  app_id master = 0, app = 0;
  bool guessed = false;  // by port or address, not by content
  bool done = false;     // it will say no more
};

/// Scratch of one flow under inspection; from a bounded pool, goes back with the final verdict.
/// Fixed size.
struct inspection;

enum class inspection_step : std::uint8_t {
  more,      // undecided, keep feeding packets
  upgraded,  // `out` changed, keep feeding packets (role or app may get better, voip stays)
  settled,   // named for now, the scratch can go back: look again should the flow go on
  decided    // final; the scratch can go back
};

struct inspected_flow {
  const flow_identity& flow;
  const flow_totals& totals;  // the current packet counted
  const ndpi_opinion& ndpi;
};

class inspector {
 public:
  struct config {
    std::vector<std::string> emergency_numbers;
    std::uint32_t inspections_max = 65'536;
    std::uint32_t rhythms_max = 65'536;       // of them: judged by their packets' rhythm
    std::uint32_t endpoints_max = 65'536;     // inside endpoints profiled
    std::uint32_t expectations_max = 16'384;  // media addresses announced by signalling
    std::array<std::uint64_t, 2> seed{};
    bool touch = true;  // make all memory present at start
  };
  /// Dialog and endpoint events go to `events` at once.
  inspector(const config& settings, event_sink& events);
  ~inspector();

  /// nullptr when the pool is empty: the flow stays unclassified, counted as shed.
  inspection* acquire() noexcept;
  void release(inspection* scratch) noexcept;
  /// Starts loading a scratch that observe() is about to get.
  static void prefetch(const inspection* scratch) noexcept;

  /// Cheap first look at a new flow, before nDPI and scratch are spent: false when it cannot belong
  /// to telephony and nDPI need not name it either.
  bool worth_inspecting(const packet_view& first) const noexcept;
  /// Whether a packet alone could be of a call: STUN, DTLS, RTP or SIP by its first bytes. Cheaper
  /// than anything else here; used while time is short.
  static bool may_be_call(const packet_view& packet) noexcept;
  /// True while nDPI should still see this flow's packets (bounded: about 8 to 10).
  bool wants_ndpi(const inspection& scratch) const noexcept;

  inspection_step observe(inspection& scratch, const inspected_flow& flow,
                          const packet_view& packet, direction way, verdict& out,
                          call_ties& ties) noexcept;
  /// The flow ends or its time is up before it was decided: the last word.
  void conclude(inspection& scratch, const inspected_flow& flow, verdict& out,
                call_ties& ties) noexcept;

  /// Codec of the flow's voice by SDP; unknown where none announced it.
  codec announced_codec(const inspection& scratch) const noexcept;

  void expect_media(const dialog_notice& notice) noexcept;
  /// See classifier.
  void set_emergency_numbers(const std::vector<std::string>& numbers) noexcept;
  /// Packets that found no rhythm left to judge them by.
  std::uint64_t rhythms_refused() const noexcept;
  std::size_t memory_bytes() const noexcept;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace callweir::classify
