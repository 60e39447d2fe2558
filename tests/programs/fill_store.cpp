// Writes a month of records (tests/support/month_of_records.hpp) into a database.
//   callweir-fill_store FILE [--hosts N] [--calls N] [--days N] [--seed N] [--from SECONDS]
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string_view>

#include "dashboard/store/store.hpp"
#include "tests/support/month_of_records.hpp"

namespace {

using namespace callweir;

constexpr std::size_t batch_records = 2'000;

int usage() {
  std::fputs(
      "usage: callweir-fill_store FILE [--hosts N] [--calls N] [--days N] [--seed N]"
      " [--from SECONDS]\n",
      stderr);
  return exit_usage;
}

bool read_option(test::month_options& out, std::string_view name, std::string_view text) {
  std::uint64_t value = 0;
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end || value > 10'000'000'000) return false;
  if (name == "--hosts" && value > 0)
    out.hosts = static_cast<std::uint32_t>(value);
  else if (name == "--calls")
    out.calls = static_cast<std::uint32_t>(value);
  else if (name == "--days" && value > 0 && value <= 3'650)
    out.days = static_cast<std::uint32_t>(value);
  else if (name == "--seed")
    out.seed = value;
  else if (name == "--from")
    out.from = {static_cast<std::int64_t>(value) * 1'000'000'000};
  else
    return false;
  return true;
}

int fill(const char* path, const test::month_options& options) {
  // Kept whole, however old the records are.
  auto to = dashboard::open_sqlite_store(path, {std::chrono::hours(24 * 3'650), 100'000'000'000});
  if (!to) {
    std::fprintf(stderr, "%s\n", to.error().text().c_str());
    return exit_failed;
  }
  test::month_of_records month(options);
  std::vector<stream::durable> batch;
  const auto begin = std::chrono::steady_clock::now();
  while (month.next(batch, batch_records)) {
    const auto written = (*to)->write(batch, {month.engine(), month.number()});
    if (!written) {
      std::fprintf(stderr, "%s\n", written.error().text().c_str());
      return exit_failed;
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  while ((*to)->tidy(month.to()).value_or(false)) {
  }
  std::printf("%llu records in %.1f s, %.0f a second, %.1f MB\n",
              static_cast<unsigned long long>(month.number()), took.count(),
              static_cast<double>(month.number()) / took.count(),
              static_cast<double>((*to)->health().bytes) / 1e6);
  return exit_done;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc % 2 != 0 || argv[1][0] == '-') return usage();
  test::month_options options;
  for (int i = 2; i + 1 < argc; i += 2)
    if (!read_option(options, argv[i], argv[i + 1])) return usage();
  return fill(argv[1], options);
}
