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
constexpr std::int64_t credit_spin_ns_max = 1'000'000;
constexpr std::int64_t earned_ns = 4'000;
constexpr std::int64_t credit_ns_max = 2'000'000;
constexpr long first_sleep_ns = 80'000;
constexpr long busy_sleep_ns_max = 300'000;
constexpr long idle_sleep_ns = 500'000;
constexpr unsigned idle_after = 70;  // sleeps, about 20 ms
constexpr long gate_sleep_ns = 50'000;
constexpr int priority = -15;
}  // namespace

back_off::back_off(bool busy_poll) noexcept : busy_poll_(busy_poll), spin_ns_(first_spin_ns) {}

void back_off::set_spin(std::int64_t least_ns, std::int64_t credit_change_ns) noexcept {
  credit_ns_ = std::clamp<std::int64_t>(credit_ns_ + credit_change_ns, 0, credit_ns_max);
  spin_ns_ = std::max(least_ns, std::min(credit_ns_, credit_spin_ns_max));
}

void back_off::worked() noexcept {
  if (empty_ == 0)  // no sleep since the turn before: spinning was worth it
    set_spin(dense_spin_ns, spun_ns_ <= dense_spin_ns ? earned_ns : -spun_ns_);
  empty_ = 0;
  spin_since_ns_ = spun_ns_ = 0;
}

bool back_off::spins() noexcept {
  if (busy_poll_) return true;
  if (empty_ > 0) return false;
  const std::int64_t now = steady_clock::monotonic_ns();
  if (spin_since_ns_ == 0) spin_since_ns_ = now;
  spun_ns_ = now - spin_since_ns_;
  if (spun_ns_ < spin_ns_) return true;
  set_spin(first_spin_ns, -spun_ns_);
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
