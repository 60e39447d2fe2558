// Pseudonyms and their key file; words for numbers; escaping.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "dashboard/privacy/pseudonyms.hpp"
#include "dashboard/report/text.hpp"

namespace callweir::dashboard {
namespace {

std::string key(char fill) {
  return std::string(pseudonym_key_bytes, fill);
}

struct folder {
  folder() {
    std::string name = (std::filesystem::temp_directory_path() / "callweir-key-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

TEST(pseudonyms, the_same_for_a_key_and_others_for_another) {
  const pseudonyms one(key('a')), same(key('a')), other(key('b'));
  const auto address = *ip_address::parse("10.0.0.5");
  EXPECT_EQ(one.name(address), same.name(address));
  EXPECT_NE(one.name(address), other.name(address));
  EXPECT_EQ(one.name(address).size(), 13U);
  EXPECT_TRUE(one.name(address).starts_with("addr-"));
  EXPECT_EQ(one.name(*ip_address::parse("::ffff:10.0.0.5")), one.name(address));
  EXPECT_EQ(pseudonyms().name(address), "10.0.0.5");
}

TEST(pseudonyms, ten_thousand_addresses_have_as_many_names) {
  const pseudonyms names(key('k'));
  std::set<std::string> seen;
  for (std::uint32_t i = 0; i < 10'000; ++i)
    seen.insert(names.name(ip_address::v4(0x0a000000 + i)));
  EXPECT_EQ(seen.size(), 10'000U);
}

TEST(pseudonyms, addresses_in_sentences_are_replaced) {
  const pseudonyms names(key('a'));
  const auto name = [&](const char* address) { return names.name(*ip_address::parse(address)); };
  EXPECT_EQ(names.scrub("user anna from 10.0.5.2"), "user anna from " + name("10.0.5.2"));
  EXPECT_EQ(names.scrub("10.0.5.2:5060."), name("10.0.5.2") + ":5060.");
  EXPECT_EQ(names.scrub("from:10.0.5.2, [2001:db8::1]:80"),
            "from:" + name("10.0.5.2") + ", [" + name("2001:db8::1") + "]:80");
  EXPECT_EQ(names.scrub("{ src: [10.1.0.0/16] }"), "{ src: [" + name("10.1.0.0") + "/16] }");
  EXPECT_EQ(names.scrub("at 12:30:05 call c12, rate 1.5 of deadbeef"),
            "at 12:30:05 call c12, rate 1.5 of deadbeef");
  EXPECT_EQ(pseudonyms().scrub("10.0.5.2"), "10.0.5.2");
  EXPECT_EQ(names.scrub(std::string(100'000, ':')).size(), 100'000U);
}

TEST(pseudonyms, the_key_is_made_once_and_for_this_user_only) {
  const folder in;
  const auto store = (in.path / "callweir.db").string();
  const auto made = load_pseudonym_key(store);
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_EQ(made->size(), pseudonym_key_bytes);
  EXPECT_EQ(*load_pseudonym_key(store), *made);
  struct stat is {};
  ASSERT_EQ(::stat((store + ".pseudonym-key").c_str(), &is), 0);
  EXPECT_EQ(is.st_mode & 0777, 0600U);
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(in.path)) ++files;
  EXPECT_EQ(files, 1U);
}

TEST(pseudonyms, a_file_that_is_no_key_is_an_error) {
  const folder in;
  const auto store = (in.path / "callweir.db").string();
  for (const std::string& text : {std::string(), std::string("0123"), std::string(64, 'x'),
                                  std::string(70, 'a'), std::string(65, 'a')}) {
    std::ofstream(store + ".pseudonym-key") << text;
    EXPECT_FALSE(load_pseudonym_key(store)) << text;
  }
  EXPECT_FALSE(load_pseudonym_key((in.path / "no" / "folder").string()));
}

TEST(report_text, numbers_read_as_people_write_them) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(1234567), "1,234,567");
  EXPECT_EQ(rounded_text(7'139'057'460.0), "7.1 billion");
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(999.4), "999 B");
  EXPECT_EQ(bytes_text(999.6), "1.00 kB");
  EXPECT_EQ(bytes_text(4.2123e12), "4.21 TB");
  EXPECT_EQ(bytes_text(312e6), "312 MB");
  EXPECT_EQ(duration_text(48), "48 s");
  EXPECT_EQ(duration_text(192), "3 min 12 s");
  EXPECT_EQ(duration_text(3840), "1 h 04 min");
  EXPECT_EQ(duration_text(3.2 * 86400), "3 d 4 h");
  EXPECT_EQ(percent_text(0.9999), "99 %");
  EXPECT_EQ(percent_text(0.0004), "< 0.1 %");
  EXPECT_EQ(counted(1, "call"), "1 call");
}

TEST(report_text, hostile_text_is_only_text) {
  EXPECT_EQ(html_escaped("<script>\"'&"), "&lt;script&gt;&quot;&#39;&amp;");
  EXPECT_EQ(html_escaped("a\xff\xc0\x80z"), "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
  EXPECT_EQ(html_escaped(std::string_view("a\0b\x1b", 4)), "a b ");
  EXPECT_EQ(html_escaped("größer …"), "größer …");
  EXPECT_EQ(html_prose("4.2 TB, <b> 12 calls in 3 min."),
            "4.2&nbsp;TB, &lt;b&gt; 12 calls in 3&nbsp;min.");
}

}  // namespace
}  // namespace callweir::dashboard
