// What happens now, for the live page: the newest state of each thing, and a bounded ring of events
// that streams are fed from. Any thread; locked, and never held while anything is written to a
// socket.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace callweir::dashboard {

class live_board {
 public:
  static constexpr std::size_t events_max = 2'048;
  static constexpr std::size_t bytes_max = 8 << 20;
  static constexpr std::size_t keys_max = 20'000;  // of all topics

  /// One event of an event stream: `data` is JSON on one line.
  struct event {
    std::uint64_t id = 0;
    std::string topic;  // "second", "call", "status", "policies", "gap", "audit", "host"
    std::string data;
  };

  /// `first_id`: of the first event. A number above all of the process's last life (made of the
  /// time of its start) lets a client that comes back with an old one be told that it has missed
  /// something.
  explicit live_board(std::uint64_t first_id = 1) : next_(first_id) {}

  /// Something happened: goes into the ring, and listeners are woken.
  void tell(std::string topic, std::string data);
  /// The same, and kept as the newest state of `key` within the topic until forget().
  void keep(std::string topic, std::string key, std::string data);
  void forget(const std::string& topic, const std::string& key);

  /// From now on what is told is what `rewrite` makes of it, and so is what was told before: how
  /// addresses become pseudonyms. Called under the board's lock; must not call the board.
  void rewrite_with(std::function<std::string(std::string_view)> rewrite);

  /// Newest state of every key of a topic, in order of keys.
  std::vector<std::string> state(const std::string& topic) const;
  /// Events after `id`, oldest first. `missed` is set when some of them are no longer in the
  /// ring, or `id` is none that this board has given.
  std::vector<event> after(std::uint64_t id, bool& missed, std::size_t most = 256) const;
  std::uint64_t newest() const;

  /// Called (on the teller's thread, must not block) after each event. One listener.
  void on_event(std::function<void()> wake);

 private:
  mutable std::mutex mutex_;
  std::deque<event> ring_;
  std::size_t bytes_ = 0;
  std::uint64_t next_;
  std::map<std::string, std::map<std::string, std::string>> states_;
  std::size_t keys_ = 0;
  std::function<void()> wake_;
  std::function<std::string(std::string_view)> rewrite_;
};

}  // namespace callweir::dashboard
