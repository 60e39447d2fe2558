#include "dashboard/http/answering_pool.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace callweir::dashboard::http {
namespace {

constexpr int lane_nice = 10;

/// What makes answers promises not to throw; what a library throws must not end the process.
response guarded(const std::function<response()>& work) {
  try {
    return work();
  } catch (const std::exception&) {
    return problem(500, "the request could not be answered");
  }
}

}  // namespace

answering_pool::answering_pool(unsigned threads, std::size_t waiting_max, handler answer,
                               delivery deliver)
    : answer_(std::move(answer)), deliver_(std::move(deliver)), waiting_max_(waiting_max) {
  for (unsigned i = 0; i < std::max(threads, 1U); ++i) threads_.emplace_back([this] { run(); });
  threads_.emplace_back([this] { run_lane(); });
}

answering_pool::~answering_pool() {
  std::deque<heavy_job> dropped_urgent, dropped_heavy;  // what they hold goes without the lock
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
    dropped_urgent.swap(urgent_);
    dropped_heavy.swap(heavy_);
  }
  something_.notify_all();
  something_heavy_.notify_all();
  for (std::thread& one : threads_) one.join();
}

bool answering_pool::submit(answer_job job) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= waiting_max_) return false;
    waiting_.push_back(std::move(job));
  }
  something_.notify_one();
  return true;
}

void answering_pool::run() {
  for (;;) {
    answer_job job;
    {
      std::unique_lock lock(mutex_);
      something_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      job = std::move(waiting_.front());
      waiting_.pop_front();
    }
    if (job.abandoned->load(std::memory_order_relaxed)) continue;
    response with = guarded([&] { return answer_(job.asked); });
    if (with.later && enter_lane(job, with)) continue;
    deliver_(job.connection, std::move(with));
  }
}

/// False: there is no room, and `with` says so.
bool answering_pool::enter_lane(const answer_job& of, response& with) {
  heavy_job job{of.connection, of.abandoned, std::move(with.later)};
  with.later = nullptr;
  {
    const std::lock_guard lock(mutex_);
    auto& queue = with.urgent ? urgent_ : heavy_;
    if (!stopping_ && queue.size() < lane_waiting_max) {
      queue.push_back(std::move(job));
      something_heavy_.notify_one();
      return true;
    }
  }
  with = problem(503, "other logins are being checked", {}, "wait and try again");
  with.headers.emplace_back("Retry-After", "1");
  return false;
}

bool answering_pool::take_heavy(heavy_job& job) {
  std::unique_lock lock(mutex_);
  something_heavy_.wait(lock, [this] { return stopping_ || !urgent_.empty() || !heavy_.empty(); });
  if (stopping_) return false;
  auto& queue = urgent_.empty() ? heavy_ : urgent_;
  job = std::move(queue.front());
  queue.pop_front();
  return true;
}

void answering_pool::run_lane() {
  // Of this thread alone (Linux): whoever only asks goes before who makes us hash.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), lane_nice);
  for (;;) {
    heavy_job job;
    if (!take_heavy(job)) return;
    if (job.abandoned->load(std::memory_order_relaxed)) continue;
    response with = guarded(job.work);
    job.work = nullptr;
    deliver_(job.connection, std::move(with));
  }
}

}  // namespace callweir::dashboard::http
