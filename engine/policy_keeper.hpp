// The policies in force: published to the workers, replaced without a pause, confirmed or rolled
// back. Control thread only.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "engine/commands.hpp"
#include "engine/configuration.hpp"
#include "shaper/policy_set.hpp"

namespace callweir::engine {

/// A configuration and how it was written; its policies are what is in force.
struct policy_source {
  configuration whole;
  std::string text;  // the whole file, what `save` writes
  std::string name;  // of the file, for messages
};

class policy_keeper {
 public:
  /// Sets that wait for a worker to let go of them, at most: an apply beyond that is refused.
  static constexpr std::size_t retired_max = 8;

  /// `channels` outlive the keeper.
  policy_keeper(std::vector<worker_channel*> channels, std::vector<std::string> links,
                std::uint32_t calls_max);
  ~policy_keeper();

  /// Compiles and publishes. `confirm`: rolls back after that time unless confirmed. An error
  /// leaves everything as it was.
  result<void> apply(policy_source source, std::optional<nanoseconds> confirm, time_point now);
  /// Keeps what waits for it. Fails when nothing does.
  result<void> confirm();
  /// Back to what was in force before the last apply, once.
  result<void> rollback(time_point now);
  /// Lets unconfirmed policies expire, flips schedules, frees sets that no worker uses. True when
  /// it rolled back.
  bool tick(time_point now);
  /// How far the site's clock is ahead of the time that is passed in: schedules follow the former,
  /// which may be set while we run.
  void set_clock(nanoseconds ahead) { clock_ahead_ = ahead; }
  time_point site_now(time_point now) const { return now + clock_ahead_; }

  bool running() const { return set_ != nullptr; }
  shaper::policy_set& current() { return *set_; }
  const policy_source& source() const { return source_; }
  std::uint32_t generation() const { return generation_; }
  /// Name of a line that a worker spoke of; "" for the built-in allow and for sets long gone.
  std::string line_name(std::uint32_t generation, std::int32_t line) const;
  /// When unconfirmed policies roll back.
  std::optional<time_point> confirm_until() const { return confirm_until_; }
  std::size_t retired() const { return retired_.size(); }

 private:
  struct published {
    std::shared_ptr<shaper::policy_set> set;
    std::unique_ptr<policies_in_force> shown;
  };
  result<void> publish(policy_source source, time_point now);
  void free_retired();

  std::vector<worker_channel*> channels_;
  std::vector<std::string> links_;
  std::uint32_t calls_max_;
  std::shared_ptr<shaper::policy_set> set_;
  std::unique_ptr<policies_in_force> shown_;
  std::uint32_t generation_ = 0;
  std::uint32_t refreshes_ = 0;
  policy_source source_;
  std::optional<policy_source> before_;
  std::optional<time_point> confirm_until_;
  nanoseconds clock_ahead_{0};
  std::deque<published> retired_;                                         // oldest first
  std::deque<std::pair<std::uint32_t, std::vector<std::string>>> names_;  // of lines, by generation
};

}  // namespace callweir::engine
