#include "dashboard/http/answering_pool.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace callweir::dashboard::http {

answering_pool::answering_pool(unsigned threads, std::size_t waiting_max, handler answer,
                               delivery deliver)
    : answer_(std::move(answer)), deliver_(std::move(deliver)), waiting_max_(waiting_max) {
  for (unsigned i = 0; i < std::max(threads, 1U); ++i) threads_.emplace_back([this] { run(); });
}

answering_pool::~answering_pool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
  }
  something_.notify_all();
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
    response with;
    try {
      with = answer_(job.asked);
    } catch (const std::exception&) {
      // The handler promises not to throw; what a library throws must not end the process.
      with = problem(500, "the request could not be answered");
    }
    deliver_(job.connection, std::move(with));
  }
}

}  // namespace callweir::dashboard::http
