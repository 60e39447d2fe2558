#include "engine/console.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/json_writer.hpp"
#include "engine/configuration.hpp"

namespace callweir::engine {
namespace {

void say(const error& problem) {
  std::fputs(fmt::format("callweir: {}\n", problem.text()).c_str(), stderr);
}

/// Records as they are with --json, else through `text`; of a refusal only why.
int print(const console_options& options, const std::vector<std::string>& records,
          const control::outcome& end,
          const std::function<std::string(const std::vector<std::string>&)>& text) {
  if (end.exit != exit_done) {
    say(end.problem);
  } else if (options.json) {
    for (const auto& record : records) std::fputs((record + "\n").c_str(), stdout);
  } else {
    std::fputs(text(records).c_str(), stdout);
  }
  return end.exit;
}

/// Asks and prints.
int show(const console_options& options, const std::string& request,
         const std::function<std::string(const std::vector<std::string>&)>& text) {
  std::vector<std::string> records;
  const auto end = ask(options.socket, request, records);
  if (!end) {
    say(end.error());
    return exit_failed;
  }
  return print(options, records, *end, text);
}

std::string verb_only(const std::string& verb) {
  return fmt::format(R"({{"verb":"{}"}})", verb);
}

}  // namespace

result<control::outcome> ask(const std::string& socket, const std::string& request,
                             std::vector<std::string>& records,
                             std::chrono::milliseconds patience) {
  auto connection = control::client::connect(socket, patience);
  if (!connection) return tl::unexpected(connection.error());
  return connection->request(request,
                             [&](std::string_view record) { records.emplace_back(record); });
}

int show_status(const console_options& options) {
  // An engine that just died or hangs does not answer; the supervisor takes its place within a
  // second.
  constexpr int attempts = 3;
  const auto patience = std::chrono::milliseconds(1000);
  std::vector<std::string> records;
  result<control::outcome> end;
  for (int i = 0; i < attempts; ++i) {
    records.clear();
    end = ask(options.socket, verb_only("status"), records, patience);
    if (end) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(i + 1 < attempts ? 300 : 0));
  }
  if (!end) {
    say(end.error());
    return exit_failed;
  }
  return print(options, records, *end, status_text);
}

int show_calls(const console_options& options) {
  return show(options, verb_only("calls"),
              [](const auto& records) { return calls_text(records, 1000); });
}

int show_flows(const console_options& options, std::size_t limit) {
  return show(options, fmt::format(R"({{"verb":"flows","limit":{}}})", limit),
              [](const auto& records) { return flows_text(records, 65'536); });
}

int show_hosts(const console_options& options) {
  return show(options, verb_only("hosts"),
              [](const auto& records) { return hosts_text(records, 1000); });
}

int show_explanation(const console_options& options, const std::string& id) {
  std::string request = R"({"verb":"explain","id":)";
  json::append_string(request, id);
  return show(options, request + "}", explanation_text);
}

int show_policies(const console_options& options) {
  return show(options, verb_only("policy-list"), policies_text);
}

int set_bypass(const console_options& options, const std::string& mode) {
  return show(
      options, fmt::format(R"({{"verb":"bypass","mode":"{}"}})", mode), [](const auto& records) {
        const bool on = !records.empty() && records.front().find("true") != std::string::npos;
        return std::string(on ? "bypass is on: everything is forwarded untouched\n"
                              : "bypass is off\n");
      });
}

int send_policies(const console_options& options, const std::string& verb, const std::string& file,
                  std::int64_t confirm_s) {
  // Read here first: every mistake is listed with its place, not only the first.
  if (auto read = load_configuration(file); !read) {
    for (const auto& problem : read.error()) say(problem);
    return exit_usage;
  } else {
    for (const auto& warning : read->warnings) {
      std::fputs(fmt::format("callweir: warning: {}\n", warning.text()).c_str(), stderr);
    }
  }
  std::ifstream in(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  std::string request = R"({"verb":")" + verb + R"(","name":)";
  json::append_string(request, file);
  request += R"(,"text":)";
  json::append_string(request, text);
  request += fmt::format(R"(,"confirm_s":{}}})", confirm_s);
  if (request.size() > control::request_bytes_max) {
    say({"the file is too long to be sent", file, "at most about 1 MB"});
    return exit_usage;
  }
  return show(options, request, [&](const auto& records) {
    std::string out = changes_text(records, "nothing changes");
    if (verb == "policy-apply" && confirm_s > 0) {
      out += fmt::format("in force for {} s: 'callweir policy confirm' keeps it\n", confirm_s);
    }
    return out;
  });
}

int send_verb(const console_options& options, const std::string& verb) {
  return show(options, verb_only(verb),
              [](const auto& records) { return changes_text(records, "done"); });
}

}  // namespace callweir::engine
