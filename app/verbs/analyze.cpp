#include "app/verbs/verbs.hpp"
#include "engine/analyze_command.hpp"

namespace callweir::app {
namespace {

struct analyze_words {
  engine::analyze_request request;
  std::vector<std::string> inside;
  std::string format = "table";
};

engine::analyze_format format_of(const std::string& word) {
  if (word == "json") return engine::analyze_format::json;
  if (word == "csv") return engine::analyze_format::csv;
  if (word == "html") return engine::analyze_format::html;
  return engine::analyze_format::table;
}

}  // namespace

void add_analyze(CLI::App& app, int& exit) {
  auto* verb =
      app.add_subcommand("analyze", "Find the calls in captures, with the engine that runs inline");
  auto words = std::make_shared<analyze_words>();
  verb->add_option("PCAP", words->request.files, "captures: pcap, pcapng, - for standard input")
      ->required();
  verb->add_option("-c,--config", words->request.configuration,
                   "configuration: its policies are evaluated and shown, nothing is acted on");
  verb->add_option(
          "--inside", words->inside,
          "network of the inside, as 10.0.0.0/8; may be repeated (default: private ranges)")
      ->allow_extra_args(false);
  verb->add_flag("--separate", words->request.separate,
                 "each file by itself instead of one timeline");
  verb->add_option("--format", words->format, "table, json, csv or html")
      ->check(CLI::IsMember({"table", "json", "csv", "html"}))
      ->capture_default_str();
  verb->add_option("-o,--output", words->request.output,
                   "file to write (default: standard output)");
  verb->footer(
      "Examples:\n"
      "  callweir analyze office.pcapng\n"
      "  callweir analyze --format json day1.pcap day2.pcap -o calls.jsonl\n"
      "  callweir analyze --format html -o report.html *.pcap\n"
      "  tcpdump -w - -c 10000 -i eth0 | callweir analyze -\n"
      "A damaged capture: what precedes the damage is reported, exit code 1.");
  verb->callback([words, &exit] {
    for (const auto& text : words->inside) {
      auto network = ip_prefix::parse(text);
      if (!network) throw CLI::ValidationError("--inside", network.error().text());
      words->request.inside.push_back(*network);
    }
    words->request.format = format_of(words->format);
    exit = engine::run_analyze(words->request);
  });
}

}  // namespace callweir::app
