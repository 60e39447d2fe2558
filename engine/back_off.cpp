#include "engine/back_off.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

namespace callweir::engine {
namespace {
constexpr unsigned short_sleeps = 100;  // about 10 ms
constexpr long sleep_ns = 50'000;
constexpr long sleep_ns_max = 500'000;
constexpr int priority = -15;
}  // namespace

void back_off::rest() noexcept {
  if (busy_poll_) {
    __builtin_ia32_pause();
    return;
  }
  const unsigned over = empty_ > short_sleeps ? empty_ - short_sleeps : 0;
  const timespec t{0, std::min(sleep_ns_max, sleep_ns + static_cast<long>(over) * 10'000)};
  ++empty_;
  if (empty_ > 10 * short_sleeps) empty_ = 10 * short_sleeps;
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
  const timespec t{0, sleep_ns};
  while (!gate.load(std::memory_order_acquire)) nanosleep(&t, nullptr);
}

}  // namespace callweir::engine
