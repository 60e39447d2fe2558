// The privacy switch: what is in the files, and what comes out of them again.
#include <fstream>
#include <sstream>

#include "dashboard/privacy/hide.hpp"
#include "tests/unit/dashboard/store_fixture.hpp"

namespace callweir::dashboard {
namespace {

const ip_address inside = *ip_address::parse("10.77.131.9");
const ip_address outside = *ip_address::parse("203.0.113.77");
const ip_address six = *ip_address::parse("2001:db8:77::9");
const pseudonyms names{std::string(pseudonym_key_bytes, 'k')};

class store_privacy : public store_fixture {
 protected:
  void open_hidden() {
    reader_.reset();
    store_.reset();
    auto opened = open_sqlite_store(path_.string(), {}, names);
    ASSERT_TRUE(opened) << opened.error().text();
    store_ = std::move(*opened);
    reader_ = std::move(*store_->reader());
  }
  /// One record of every kind that an address can be in.
  void put_all() {
    auto one = flow("f1", 0, 9);
    one.source = inside;
    one.destination = outside;
    one.reasons = {"STUN with 203.0.113.77:3478"};
    auto talk = call("c1", 0, 9);
    talk.parties = {inside, six};
    talk.reasons = {"two ends, 10.77.131.9 and 2001:db8:77::9"};
    host_record host;
    host.address = inside;
    host.first = at_second(0);
    host.last = at_second(9);
    auto sum = traffic(0, "Skype", 0, 100);
    sum.host = inside;
    auto nobody = traffic(0, "Skype", 0, 100);
    nobody.host = {};
    policy_record line;
    line.at = at_second(0);
    line.name = "rest";
    line.match = "{ src: [10.77.131.9], dst: [2001:db8:77::9] }";
    line.action = "allow";
    line.mode = "enforce";
    line.flows = 1;
    const gap_record gap{at_second(0), at_second(1), "engine", 0, "10.77.131.9 was not there"};
    const audit_record entry{at_second(0), "user anna from 203.0.113.77", "enforce",
                             "degrade of 10.77.131.9"};
    ASSERT_TRUE(put({one, talk, host, sum, nobody, line, gap, entry}));
    ASSERT_TRUE(store_->note(gap));
    ASSERT_TRUE(store_->note(entry));
  }
  /// How often an address stands in the files, as text and as the bytes of its columns.
  std::size_t found(const ip_address& address) const {
    std::string bytes;
    for (int shift = 56; address.is_v4() ? false : shift >= 0; shift -= 8)
      bytes += static_cast<char>(address.high >> shift);
    for (int shift = address.is_v4() ? 24 : 56; shift >= 0; shift -= 8)
      bytes += static_cast<char>(address.low >> shift);
    std::size_t out = 0, read = 0;
    for (const auto& each : std::filesystem::directory_iterator(folder_)) {
      std::ostringstream all;
      all << std::ifstream(each.path(), std::ios::binary).rdbuf();
      read += all.str().size();
      for (const auto& wanted : {bytes, address.text()})
        for (auto at = all.str().find(wanted); at != std::string::npos;
             at = all.str().find(wanted, at + 1))
          ++out;
    }
    EXPECT_GT(read, 10'000U);
    return out;
  }
};

TEST_F(store_privacy, without_the_switch_addresses_are_in_the_files) {
  open();
  put_all();
  for (const auto& each : {inside, outside, six}) EXPECT_GT(found(each), 1U) << each.text();
}

TEST_F(store_privacy, no_address_reaches_the_database_or_its_log) {
  open_hidden();
  put_all();
  for (const auto& each : {inside, outside, six}) EXPECT_EQ(found(each), 0U) << each.text();
  reader_.reset();
  store_.reset();  // writes the log back
  for (const auto& each : {inside, outside, six}) EXPECT_EQ(found(each), 0U) << each.text();
}

TEST_F(store_privacy, names_agree_before_and_after_the_switch_is_turned) {
  open_hidden();
  put_all();
  const auto when = seconds(0, 60);
  const auto flows = reader_->flows({.when = when, .address = names.stand_in(inside)});
  ASSERT_TRUE(flows && flows->size() == 1);
  const auto& kept = flows->front().source;
  EXPECT_TRUE(is_stand_in(kept));
  EXPECT_EQ(names.name(kept), names.name(inside));
  EXPECT_EQ(pseudonyms().name(kept), names.name(inside));  // off by now
  EXPECT_EQ(flows->front().reasons.front(), "STUN with " + names.name(outside) + ":3478");
  const auto text = json(flows->front());
  EXPECT_NE(pseudonyms().scrub(text).find("\"src\":\"" + names.name(inside) + '"'),
            std::string::npos)
      << text;
  EXPECT_EQ(pseudonyms().scrub("10.0.0.5 and 100::1"),
            "10.0.0.5 and " + pseudonyms().name(*ip_address::parse("100::1")));
  EXPECT_EQ(reader_->calls({.when = when, .party = names.stand_in(six)})->size(), 1U);
  EXPECT_EQ(names.name(reader_->hosts({.when = when})->front().address), names.name(inside));
  const auto hosts = reader_->traffic({.when = when, .by = traffic_query::grouping::host});
  ASSERT_TRUE(hosts && hosts->size() == 2);
  EXPECT_EQ(hosts->front().key, names.stand_in(inside).text());
  EXPECT_EQ(hosts->back().key, "");  // nobody stays nobody
}

}  // namespace
}  // namespace callweir::dashboard
