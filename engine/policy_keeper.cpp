#include "engine/policy_keeper.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace callweir::engine {
namespace {

constexpr std::size_t names_kept = 16;  // generations whose line names are remembered

}  // namespace

policy_keeper::policy_keeper(std::vector<worker_channel*> channels, std::vector<std::string> links,
                             std::uint32_t calls_max)
    : channels_(std::move(channels)), links_(std::move(links)), calls_max_(calls_max) {}

policy_keeper::~policy_keeper() = default;

result<void> policy_keeper::publish(policy_source source, time_point now) {
  free_retired();
  if (retired_.size() >= retired_max) {
    return fail("the workers have not taken over the last policies yet", {},
                "try again in a second");
  }
  auto made = shaper::policy_set::compile(source.whole.policies, links_, calls_max_, set_.get());
  if (!made) return tl::unexpected(made.error());
  (*made)->update_schedules(site_now(now));
  auto shown = std::make_unique<policies_in_force>();
  shown->set = made->get();
  shown->generation = ++generation_;
  for (auto* channel : channels_) channel->wanted.store(shown.get(), std::memory_order_release);
  if (set_) retired_.push_back({std::move(set_), std::move(shown_)});
  set_ = std::move(*made);
  shown_ = std::move(shown);
  std::vector<std::string> names;
  for (const auto& line : source.whole.policies.lines) names.push_back(line.name);
  names_.emplace_back(generation_, std::move(names));
  if (names_.size() > names_kept) names_.pop_front();
  source_ = std::move(source);
  return {};
}

result<void> policy_keeper::apply(policy_source source, std::optional<nanoseconds> confirm,
                                  time_point now) {
  const bool first = set_ == nullptr;
  // Unconfirmed policies are no state to come back to: the way back stays what it was before them.
  policy_source old = confirm_until_ && before_ ? *before_ : source_;
  if (auto done = publish(std::move(source), now); !done) return done;
  if (!first) before_ = std::move(old);
  confirm_until_.reset();
  if (confirm) confirm_until_ = now + *confirm;
  return {};
}

result<void> policy_keeper::confirm() {
  if (!confirm_until_) {
    return fail("nothing waits for a confirmation", {}, "'policy apply FILE --confirm 60s' would");
  }
  confirm_until_.reset();
  return {};
}

result<void> policy_keeper::rollback(time_point now) {
  if (!before_) return fail("there are no earlier policies to go back to");
  if (auto done = publish(*before_, now); !done) return done;
  before_.reset();
  confirm_until_.reset();
  return {};
}

bool policy_keeper::tick(time_point now) {
  free_retired();
  if (set_ && set_->update_schedules(site_now(now))) {
    ++refreshes_;
    for (auto* channel : channels_) channel->refresh.store(refreshes_, std::memory_order_release);
  }
  if (!confirm_until_ || now < *confirm_until_) return false;
  if (auto done = rollback(now); !done) {
    log::error("policy", "cannot roll back: {}", done.error().text());
    confirm_until_ =
        now + std::chrono::seconds(1);  // the workers will have let go of a set by then
    return false;
  }
  return true;
}

void policy_keeper::free_retired() {
  while (!retired_.empty()) {
    const std::uint32_t generation = retired_.front().shown->generation;
    const bool unused = std::all_of(channels_.begin(), channels_.end(), [&](auto* channel) {
      return channel->adopted.load(std::memory_order_acquire) > generation;
    });
    if (!unused) return;
    retired_.pop_front();
  }
}

std::string policy_keeper::line_name(std::uint32_t generation, std::int32_t line) const {
  for (const auto& [known, names] : names_) {
    if (known == generation && line >= 0 && static_cast<std::size_t>(line) < names.size()) {
      return names[static_cast<std::size_t>(line)];
    }
  }
  return {};
}

}  // namespace callweir::engine
