// The threads on which requests are answered, so that a query never keeps the sockets waiting, and
// the one lane for work that keeps a processor busy, so that a flood of logins never keeps
// questions waiting. Bounded queues.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "dashboard/http/message.hpp"

namespace callweir::dashboard::http {

/// Waiting in the lane, of urgent ones and of others; beyond it 503. At 0.13 s a password nobody
/// waits longer than two seconds.
constexpr std::size_t lane_waiting_max = 8;

struct answer_job {
  std::uint64_t connection = 0;
  request asked;
  /// Set when the client has gone: what still waits is not answered any more.
  std::shared_ptr<std::atomic<bool>> abandoned;
};

class answering_pool {
 public:
  using delivery = std::function<void(std::uint64_t connection, response&& with)>;

  /// `deliver` is called on the pool's threads. An exception out of `answer` becomes a 500.
  answering_pool(unsigned threads, std::size_t waiting_max, handler answer, delivery deliver);
  ~answering_pool();  // lets what is being answered finish, drops what waits
  answering_pool(const answering_pool&) = delete;
  answering_pool& operator=(const answering_pool&) = delete;

  /// False when the queue is full. Any thread.
  bool submit(answer_job job);

 private:
  /// Work for the lane, and whose answer it makes.
  struct heavy_job {
    std::uint64_t connection = 0;
    std::shared_ptr<std::atomic<bool>> abandoned;
    std::function<response()> work;
  };

  void run();
  void run_lane();
  bool take_heavy(heavy_job& job);
  bool enter_lane(const answer_job& of, response& with);

  handler answer_;
  delivery deliver_;
  std::size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable something_;
  std::deque<answer_job> waiting_;
  std::condition_variable something_heavy_;
  std::deque<heavy_job> urgent_, heavy_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace callweir::dashboard::http
