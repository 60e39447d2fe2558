#include "base/applications.hpp"

#include <gtest/gtest.h>

#include <set>

namespace callweir {
namespace {

TEST(applications, our_own_names_have_their_ids) {
  EXPECT_EQ(application_name(app_unknown), "Unknown");
  EXPECT_EQ(application_name(app_unknown_call), "Unknown call");
  EXPECT_EQ(application_name(app_skype), "Skype");
  EXPECT_EQ(application_name(app_rtp), "RTP");
}

TEST(applications, every_documented_name_is_found_and_is_there_once) {
  std::set<std::string_view> seen;
  for (const auto name : application_names()) {
    EXPECT_TRUE(seen.insert(name).second) << name;
    const auto id = find_application(name);
    ASSERT_TRUE(id) << name;
    EXPECT_EQ(application_name(*id), name);
    EXPECT_EQ(current_application(*id), *id);
  }
}

TEST(applications, unknown_names_are_not_found) {
  EXPECT_FALSE(find_application("skype"));
  EXPECT_FALSE(find_application(""));
  EXPECT_FALSE(find_application("SkypeCall")) << "superseded: a policy must not name it";
  EXPECT_EQ(application_name(60'000), "Unknown");
}

TEST(applications, superseded_names_stand_for_todays) {
  const auto call = find_ndpi_name("SkypeCall");
  ASSERT_TRUE(call);
  EXPECT_EQ(application_name(*call), "SkypeCall");
  EXPECT_EQ(current_application(*call), app_skype);
  EXPECT_EQ(current_application(*find_ndpi_name("GoogleHangoutDuo")),
            *find_application("GoogleMeet"));
  EXPECT_EQ(current_application(*find_ndpi_name("AppleJuice")), app_unknown);
}

}  // namespace
}  // namespace callweir
