#include "engine/shared_state.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace callweir::engine {

const char* appliance_state_name(appliance_state state) {
  switch (state) {
    case appliance_state::starting:
      return "starting";
    case appliance_state::inspecting:
      return "inspecting";
    case appliance_state::bypass:
      return "bypass";
    case appliance_state::pass_through:
      return "pass-through";
    case appliance_state::stopping:
      return "stopping";
  }
  return "";
}

namespace {
struct alarm_row {
  alarm bit;
  const char* name;
  const char* text;
};
constexpr alarm_row alarm_table[alarm_count] = {
    {alarm_engine_crashed, "engine_crashed",
     "the engine crashed and was restarted in the last ten minutes"},
    {alarm_engine_hung, "engine_hung",
     "a worker stopped answering; the engine was killed and restarted"},
    {alarm_without_ndpi, "without_ndpi", "the engine crashed repeatedly and now runs without nDPI"},
    {alarm_pass_through, "pass_through", "the engine keeps crashing: traffic passes uninspected"},
    {alarm_port_down, "port_down", "a port has no carrier"},
    {alarm_dashboard_down, "dashboard_down", "the dashboard process keeps dying"},
    {alarm_overload, "overload",
     "more traffic than the engine can inspect: inspection is being shed"},
};
const alarm_row* find(alarm bit) {
  for (const auto& row : alarm_table)
    if (row.bit == bit) return &row;
  return nullptr;
}
}  // namespace

const char* alarm_text(alarm bit) {
  const auto* row = find(bit);
  return row != nullptr ? row->text : "";
}

const char* alarm_name(alarm bit) {
  const auto* row = find(bit);
  return row != nullptr ? row->name : "";
}

appliance_state shared_state::state() const noexcept {
  if (pass_through.load() != 0 || withheld.load() != 0) return appliance_state::pass_through;
  if (ready.load() == 0) return appliance_state::starting;
  return bypass.load() != 0 ? appliance_state::bypass : appliance_state::inspecting;
}

void renew_sign_of_life(shared_state& shared) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&shared.alive, &attributes);
  pthread_mutexattr_destroy(&attributes);
}

void hold_sign_of_life(shared_state& shared) {
  if (pthread_mutex_lock(&shared.alive) == EOWNERDEAD) pthread_mutex_consistent(&shared.alive);
}

bool await_death(shared_state& shared, const std::atomic<bool>& give_up) {
  int outcome = ETIMEDOUT;
  while (outcome == ETIMEDOUT && !give_up.load()) {
    timespec until{};
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 100'000'000;
    until.tv_sec += until.tv_nsec / 1'000'000'000;
    until.tv_nsec %= 1'000'000'000;
    outcome = pthread_mutex_clocklock(&shared.alive, CLOCK_MONOTONIC, &until);
  }
  if (outcome == ETIMEDOUT) return false;
  if (outcome == EOWNERDEAD) pthread_mutex_consistent(&shared.alive);
  pthread_mutex_unlock(&shared.alive);
  return true;
}

result<shared_mapping> shared_mapping::create() {
  shared_mapping made;
  made.fd_ = memfd_create("callweir", MFD_CLOEXEC);
  if (made.fd_ < 0 || ftruncate(made.fd_, sizeof(shared_state)) != 0)
    return fail(std::string("cannot make shared memory: ") + std::strerror(errno));
  void* at = mmap(nullptr, sizeof(shared_state), PROT_READ | PROT_WRITE, MAP_SHARED, made.fd_, 0);
  if (at == MAP_FAILED)
    return fail(std::string("cannot map shared memory: ") + std::strerror(errno));
  made.state_ = new (at) shared_state;
  renew_sign_of_life(*made.state_);
  return made;
}

result<shared_mapping> shared_mapping::open(int fd) {
  struct stat about {};
  if (fstat(fd, &about) != 0 || about.st_size != static_cast<off_t>(sizeof(shared_state)))
    return fail("descriptor " + std::to_string(fd) + " is not the supervisor's shared memory", "",
                "start with 'callweir run'");
  shared_mapping made;
  made.fd_ = fd;
  void* at = mmap(nullptr, sizeof(shared_state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED)
    return fail(std::string("cannot map shared memory: ") + std::strerror(errno));
  made.state_ = static_cast<shared_state*>(at);
  if (made.state_->magic != shared_state::magic_value)
    return fail("the supervisor is of another version", "", "restart the service");
  return made;
}

shared_mapping::shared_mapping(shared_mapping&& from) noexcept
    : state_(std::exchange(from.state_, nullptr)), fd_(std::exchange(from.fd_, -1)) {}

shared_mapping::~shared_mapping() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace callweir::engine
