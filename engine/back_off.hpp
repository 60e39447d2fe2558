// How a polling thread rests when there is nothing to do: an idle engine must not eat a processor,
// a busy one must not sleep.
#pragma once

#include <atomic>
#include <cstdint>

namespace callweir::engine {

class back_off {
 public:
  explicit back_off(bool busy_poll) noexcept;
  /// After a turn that moved something.
  void worked() noexcept;
  /// After one that did not. Spins while turns that move something follow each other closely: 20 us
  /// after the last one, and 2 us until one has come that soon, so that thin traffic costs no more
  /// than sleeping. Each turn that follows closely earns 4 us of spinning, 2 ms are saved at most,
  /// and a longer gap spends what it lasted: a break of 1 ms at most in dense traffic is spun
  /// through, as who slept through it would hold up what comes after. Then sleeps 80 us, 30 us more
  /// each time up to 300 us, 500 us after 20 ms without traffic. A port's ring holds 2,048 frames:
  /// 4 million frames/s over the longest sleep.
  void rest() noexcept;
  /// Sleeps to the microsecond instead of the kernel's 50 us slack, and runs ahead of ordinary
  /// work. Once a thread.
  static void prepare_thread() noexcept;
  /// Waits for `gate` to open, looking every 50 us.
  static void await(const std::atomic<bool>& gate) noexcept;

 private:
  bool spins() noexcept;
  void set_spin(std::int64_t least_ns, std::int64_t credit_change_ns) noexcept;

  bool busy_poll_;
  unsigned empty_ = 0;              // sleeps since something moved
  std::int64_t spin_ns_;            // how long to spin now
  std::int64_t credit_ns_ = 0;      // of spinning, earned by turns that followed closely
  std::int64_t spin_since_ns_ = 0;  // 0: not resting
  std::int64_t spun_ns_ = 0;        // since then
};

/// The calling thread runs ahead of all ordinary threads meanwhile, where the process may: for the
/// few milliseconds in which frames wait for it.
class urgent_section {
 public:
  urgent_section() noexcept;
  ~urgent_section();
  urgent_section(const urgent_section&) = delete;
  urgent_section& operator=(const urgent_section&) = delete;
};

}  // namespace callweir::engine
