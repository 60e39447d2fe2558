#include "engine/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/json_writer.hpp"
#include "engine/text_table.hpp"

namespace callweir::engine {
namespace {

const char* word_of(finding_level level) {
  switch (level) {
    case finding_level::good:
      return "ok";
    case finding_level::advice:
      return "advice";
    case finding_level::must:
      return "change";
  }
  return "change";
}

void print_json(const std::vector<finding>& all) {
  for (const auto& one : all) {
    std::string line = R"({"type":"finding","level":)";
    json::append_string(line, word_of(one.level));
    json::append_key(line, "what");
    json::append_string(line, one.what);
    json::append_key(line, "seen");
    json::append_string(line, one.seen);
    json::append_key(line, "mend");
    json::append_string(line, one.mend);
    std::fputs((line + "}\n").c_str(), stdout);
  }
}

void print_table(const std::vector<finding>& all) {
  for (const auto& one : all) {
    std::fputs(
        printable(fmt::format("{:<7} {}: {}\n", word_of(one.level), one.what, one.seen), true)
            .c_str(),
        stdout);
    if (!one.mend.empty())
      std::fputs(fmt::format("        {}\n", printable(one.mend)).c_str(), stdout);
  }
  const auto musts = std::count_if(all.begin(), all.end(),
                                   [](const finding& f) { return f.level == finding_level::must; });
  std::fputs(
      musts == 0 ? "nothing must be changed\n" : fmt::format("{} to change\n", musts).c_str(),
      stdout);
}

}  // namespace

int run_doctor(const std::string& path, bool json) {
  auto all = examine_machine();
  std::string file = path;
  if (file.empty() && std::filesystem::exists(configuration_path_default))
    file = configuration_path_default;
  if (!file.empty()) {
    const auto read = load_configuration(file);
    if (!read) {
      for (const auto& problem : read.error()) {
        std::fputs(fmt::format("callweir: {}\n", problem.text()).c_str(), stderr);
      }
      return exit_usage;
    }
    for (auto& one : examine_links(read->links)) all.push_back(std::move(one));
  } else {
    all.push_back({finding_level::advice, "configuration",
                   "none was named and the default is not there",
                   "'callweir doctor -c FILE' looks at the ports, too"});
  }
  if (json) {
    print_json(all);
  } else {
    print_table(all);
  }
  const bool must = std::any_of(all.begin(), all.end(),
                                [](const finding& f) { return f.level == finding_level::must; });
  return must ? exit_failed : exit_done;
}

}  // namespace callweir::engine
