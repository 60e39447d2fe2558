#include "engine/back_off.hpp"

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
constexpr int priority = -10;
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

}  // namespace callweir::engine
