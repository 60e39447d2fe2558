#include "engine/back_off.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "base/clock.hpp"

namespace callweir::engine {
namespace {
constexpr std::int64_t first_spin_ns = 2'000;
constexpr std::int64_t dense_spin_ns = 20'000;
constexpr std::int64_t busy_spin_ns = 1'000'000;
constexpr unsigned close_max = 64;
constexpr long first_sleep_ns = 80'000;
constexpr long busy_sleep_ns_max = 300'000;
constexpr long idle_sleep_ns = 500'000;
constexpr unsigned idle_after = 70;  // sleeps, about 20 ms
constexpr long gate_sleep_ns = 50'000;
constexpr int priority = -15;
}  // namespace

back_off::back_off(bool busy_poll) noexcept : busy_poll_(busy_poll), spin_ns_(first_spin_ns) {}

void back_off::worked() noexcept {
  if (spin_since_ns_ != 0 && empty_ == 0) {  // spinning was worth it
    close_ = spun_ns_ > dense_spin_ns ? close_ / 2 : std::min(close_ + 1, close_max);
    const bool busy = spin_ns_ == busy_spin_ns ? close_ >= close_max / 2 : close_ == close_max;
    spin_ns_ = busy ? busy_spin_ns : dense_spin_ns;
  }
  empty_ = 0;
  spin_since_ns_ = 0;
}

bool back_off::spins() noexcept {
  if (busy_poll_) return true;
  if (empty_ > 0) return false;
  const std::int64_t now = steady_clock::monotonic_ns();
  if (spin_since_ns_ == 0) spin_since_ns_ = now;
  spun_ns_ = now - spin_since_ns_;
  if (spun_ns_ < spin_ns_) return true;
  spin_ns_ = first_spin_ns;
  close_ = 0;
  return false;
}

void back_off::rest() noexcept {
  if (spins()) {
    __builtin_ia32_pause();
    return;
  }
  const long growing = first_sleep_ns + static_cast<long>(empty_) * 30'000;
  const timespec t{0, empty_ < idle_after ? std::min(growing, busy_sleep_ns_max) : idle_sleep_ns};
  if (empty_ < idle_after) ++empty_;
  nanosleep(&t, nullptr);
}

void back_off::prepare_thread() noexcept {
  prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), priority);
}

urgent_section::urgent_section() noexcept {
  sched_param urgent{};
  urgent.sched_priority = 1;
  pthread_setschedparam(pthread_self(), SCHED_RR, &urgent);
}

urgent_section::~urgent_section() {
  const sched_param ordinary{};
  pthread_setschedparam(pthread_self(), SCHED_OTHER, &ordinary);
}

void back_off::await(const std::atomic<bool>& gate) noexcept {
  const timespec t{0, gate_sleep_ns};
  while (!gate.load(std::memory_order_acquire)) nanosleep(&t, nullptr);
}

}  // namespace callweir::engine
