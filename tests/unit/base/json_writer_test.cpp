#include "base/json_writer.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace callweir::json {
namespace {

std::string string_of(std::string_view text) {
  std::string out;
  append_string(out, text);
  return out;
}

std::string number_of(double value, int decimals) {
  std::string out;
  append_number(out, value, decimals);
  return out;
}

std::string time_of(std::int64_t ns) {
  std::string out;
  append_time(out, {ns});
  return out;
}

TEST(json_writer, escapes_what_json_forbids) {
  EXPECT_EQ(string_of("plain"), "\"plain\"");
  EXPECT_EQ(string_of("a\"b\\c\n\t\r"), "\"a\\\"b\\\\c\\n\\t\\r\"");
  EXPECT_EQ(string_of(std::string_view("\x00\x1f", 2)), "\"\\u0000\\u001f\"");
}

TEST(json_writer, replaces_what_is_not_utf8) {
  EXPECT_EQ(string_of("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\"");
  EXPECT_EQ(string_of("\xf0\x9f\x93\x9e"), "\"\xf0\x9f\x93\x9e\"");
  EXPECT_EQ(string_of("\xff-\xc0\x80-\xe2\x82"), "\"\\ufffd-\\ufffd\\ufffd-\\ufffd\\ufffd\"");
  EXPECT_EQ(string_of("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");  // a surrogate
}

TEST(json_writer, cuts_trailing_zeros_and_keeps_one_digit) {
  EXPECT_EQ(number_of(0.97, 2), "0.97");
  EXPECT_EQ(number_of(1, 2), "1.0");
  EXPECT_EQ(number_of(0.05, 2), "0.05");
  EXPECT_EQ(number_of(-0.001, 2), "0.0");
  EXPECT_EQ(number_of(-1.25, 3), "-1.25");
  EXPECT_EQ(number_of(0.9999999, 3), "1.0");
  EXPECT_EQ(number_of(std::numeric_limits<double>::quiet_NaN(), 3), "null");
  EXPECT_EQ(number_of(std::numeric_limits<double>::infinity(), 3), "null");
}

TEST(json_writer, times_keep_microseconds) {
  EXPECT_EQ(time_of(1'000'000'000), "1.0");
  EXPECT_EQ(time_of(1'700'000'000'123'456'789), "1700000000.123457");
  EXPECT_EQ(time_of(1'700'000'000'999'999'999), "1700000001.0");
  EXPECT_EQ(time_of(0), "0.0");
}

}  // namespace
}  // namespace callweir::json
