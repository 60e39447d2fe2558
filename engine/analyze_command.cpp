#include "engine/analyze_command.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "engine/analysis_formats.hpp"
#include "engine/analyzer.hpp"
#include "engine/configuration_use.hpp"
#include "engine/output_file.hpp"
#include "engine/progress_bar.hpp"

namespace callweir::engine {
namespace {

constexpr std::size_t table_flows_max = 200;
constexpr std::size_t html_flows_max = 2000;

void say(const error& problem) {
  std::fputs(fmt::format("callweir: {}\n", problem.text()).c_str(), stderr);
}

/// Policies, time-outs and emergency settings of a configuration file. False when it cannot be
/// used.
bool take_configuration(const std::string& path, analyze_options& options) {
  auto read = load_configuration(path);
  if (!read) {
    for (const auto& problem : read.error()) say(problem);
    return false;
  }
  options.classify = classifier_settings(*read);
  const auto links = read->link_names();
  if (links.size() == 1) options.link = links.front();
  auto set = shaper::policy_set::compile(read->policies, links, calls_max, nullptr);
  if (!set) {
    say(set.error());
    return false;
  }
  options.policies = std::move(*set);
  return true;
}

/// Names that cannot be meant are found before hours of analysis. Nothing is opened: a pipe would
/// notice.
result<void> can_be_read(const std::vector<std::string>& files) {
  bool standard_input = false;
  for (const auto& file : files) {
    if (file == "-") {
      if (std::exchange(standard_input, true)) return fail("standard input is named twice", "-");
      continue;
    }
    const char* const path = file.empty() ? "''" : file.c_str();
    std::error_code why;
    const auto kind = std::filesystem::status(file, why).type();
    if (kind == std::filesystem::file_type::directory)
      return fail("is a directory", path, "name the captures in it, as " + file + "/*.pcap");
    if (::access(file.c_str(), R_OK) != 0)
      return fail(std::string("cannot open the capture: ") + std::strerror(errno), path,
                  errno == EACCES ? "this user may not read it" : "is the name right?");
  }
  return {};
}

result<output_file> open_output(const analyze_request& request) {
  auto out = output_file::open(request.output);
  if (!out) return out;
  for (const auto& file : request.files) {
    if (file != "-" && out->is(file))
      return fail("is one of the captures, and would be overwritten", request.output,
                  "name another file to write");
  }
  return out;
}

result<void> write_lines(const analysis& found, output_file& out, analyze_format format) {
  std::string& text = out.buffer();
  if (format == analyze_format::csv) text += csv_header();
  for (std::size_t i = 0; i < found.flow_count(); ++i) {
    if (format == analyze_format::csv) {
      append_csv(text, found.flow(i));
    } else {
      found.append_flow_line(text, i);
    }
    if (auto done = out.flush_if_full(); !done) return done;
  }
  if (format == analyze_format::csv) return {};
  for (const auto& call : found.calls) {
    append_json(text, call);
    text += '\n';
    if (auto done = out.flush_if_full(); !done) return done;
  }
  for (const auto& host : found.hosts) {
    append_json(text, host);
    text += '\n';
    if (auto done = out.flush_if_full(); !done) return done;
  }
  append_json(text, found.summary);
  text += '\n';
  return {};
}

void write_report(const analysis& found, const analyze_request& request, output_file& out) {
  const bool html = request.format == analyze_format::html;
  flow_digest digest(html ? html_flows_max : table_flows_max);
  found.for_each_flow([&](const flow_record& record) { digest.add(record); });
  const analysis_view view{digest, found.calls, found.summary};
  std::string title = "Callweir: " + request.files.front();
  if (request.files.size() > 1) title += fmt::format(" and {} more", request.files.size() - 1);
  out.buffer() += html ? html_text(view, title) : table_text(view);
}

}  // namespace

int run_analyze(const analyze_request& request) {
  analyze_options options;
  options.files = request.files;
  options.inside = request.inside;
  options.separate = request.separate;
  if (!request.configuration.empty() && !take_configuration(request.configuration, options)) {
    return exit_usage;
  }
  if (auto readable = can_be_read(request.files); !readable) {
    say(readable.error());
    return exit_usage;
  }
  auto out = open_output(request);
  if (!out) {
    say(out.error());
    return exit_usage;
  }
  progress_bar bar("analyze");
  options.progress = [&bar](double share) { bar.show(share); };
  auto found = analyze(options);
  bar.clear();
  if (!found) {
    say(found.error());
    return exit_failed;
  }
  if (found->captures == 0) {
    for (const auto& damage : found->damages) say(damage);
    return exit_failed;
  }
  result<void> written;
  if (request.format == analyze_format::json || request.format == analyze_format::csv) {
    written = write_lines(*found, *out, request.format);
  } else {
    write_report(*found, request, *out);
  }
  if (written) written = out->close();
  if (!written) {
    say(written.error());
    return exit_failed;
  }
  for (const auto& damage : found->damages) say(damage);
  return found->damages.empty() ? exit_done : exit_failed;
}

}  // namespace callweir::engine
