#include "engine/shared_state.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace callweir::engine {
namespace {

TEST(shared_state, both_sides_see_one_state) {
  auto supervisor = shared_mapping::create();
  ASSERT_TRUE(supervisor.has_value());
  auto engine = shared_mapping::open(dup(supervisor->fd()));
  ASSERT_TRUE(engine.has_value()) << engine.error().text();
  EXPECT_EQ((*supervisor)->state(), appliance_state::starting);
  (*engine)->ready.store(1);
  EXPECT_EQ((*supervisor)->state(), appliance_state::inspecting);
  (*engine)->bypass.store(1);
  EXPECT_EQ((*supervisor)->state(), appliance_state::bypass);
  (*supervisor)->pass_through.store(1);
  EXPECT_STREQ(appliance_state_name((*engine)->state()), "pass-through");
}

TEST(shared_state, a_descriptor_of_something_else_is_refused) {
  EXPECT_FALSE(shared_mapping::open(-1).has_value());
  const int other = memfd_create("other", MFD_CLOEXEC);
  EXPECT_FALSE(shared_mapping::open(other).has_value());
  ASSERT_EQ(ftruncate(other, sizeof(shared_state)), 0);
  EXPECT_FALSE(shared_mapping::open(other).has_value());
  close(other);
}

TEST(shared_state, a_killed_engine_is_heard_of) {
  auto shared = shared_mapping::create();
  ASSERT_TRUE(shared.has_value());
  for (int round = 0; round < 3; ++round) {
    renew_sign_of_life(**shared);
    (*shared)->ready.store(0);
    const pid_t child = fork();
    if (child == 0) {
      hold_sign_of_life(**shared);
      (*shared)->ready.store(1);
      pause();
      _exit(0);
    }
    while ((*shared)->ready.load() == 0) usleep(1000);
    std::atomic<bool> give_up{false};
    std::atomic<bool> heard{false};
    std::thread watch([&] { heard = await_death(**shared, give_up); });
    usleep(150'000);
    EXPECT_FALSE(heard.load());
    kill(child, SIGKILL);
    watch.join();
    EXPECT_TRUE(heard.load());
    waitpid(child, nullptr, 0);
  }
}

TEST(shared_state, waiting_for_a_death_can_be_given_up) {
  auto shared = shared_mapping::create();
  ASSERT_TRUE(shared.has_value());
  std::thread holder([&] {
    hold_sign_of_life(**shared);
    std::atomic<bool> give_up{false};
    bool heard = true;
    std::thread watch([&] { heard = await_death(**shared, give_up); });
    usleep(20'000);
    give_up = true;
    watch.join();
    EXPECT_FALSE(heard);
    pthread_mutex_unlock(&(*shared)->alive);
  });
  holder.join();
}

TEST(shared_state, every_alarm_has_a_name_and_a_sentence) {
  for (int i = 0; i < alarm_count; ++i) {
    EXPECT_STRNE(alarm_name(static_cast<alarm>(1U << i)), "");
    EXPECT_STRNE(alarm_text(static_cast<alarm>(1U << i)), "");
  }
}

}  // namespace
}  // namespace callweir::engine
