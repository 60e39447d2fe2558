#include "engine/check_command.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "engine/configuration_use.hpp"
#include "shaper/policy_set.hpp"

namespace callweir::engine {
namespace {

std::string memory_comments(const configuration& what) {
  std::uint64_t sum = 0;
  std::string out = "# Memory that the engine takes at most:\n";
  const auto add = [&](const std::string& name, std::uint64_t bytes) {
    out += fmt::format("#   {:<58} {:>8.1f} MB\n", name, static_cast<double>(bytes) / 1e6);
  };
  for (const auto& part : memory_plan(what, 0)) {
    add(part.what, part.bytes);
    sum += part.bytes;
  }
  add("in all", sum);
  return out;
}

}  // namespace

int run_check(const std::string& path, bool dump) {
  const auto read = load_configuration(path);
  if (!read) {
    for (const auto& problem : read.error()) {
      std::fputs(fmt::format("callweir: {}\n", problem.text()).c_str(), stderr);
    }
    return exit_usage;
  }
  // Compiling is the last thing that can go wrong.
  if (const auto set =
          shaper::policy_set::compile(read->policies, read->link_names(), calls_max, nullptr);
      !set) {
    std::fputs(fmt::format("callweir: {}\n", set.error().text()).c_str(), stderr);
    return exit_usage;
  }
  for (const auto& warning : read->warnings) {
    std::fputs(fmt::format("callweir: warning: {}\n", warning.text()).c_str(), stderr);
  }
  if (dump) {
    std::fputs((dump_configuration(*read) + memory_comments(*read)).c_str(), stdout);
  } else {
    std::fputs(fmt::format("{}: ok: {} links, {} policies\n", path, read->links.size(),
                           read->policies.lines.size())
                   .c_str(),
               stdout);
  }
  return exit_done;
}

}  // namespace callweir::engine
