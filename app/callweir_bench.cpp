// callweir-bench: measures the data path. Without a verb: Google Benchmark's micro-benchmarks.
#include <benchmark/benchmark.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string_view>

#include "bench/fastpath.hpp"
#include "bench/flood.hpp"
#include "bench/ingest.hpp"
#include "bench/latency.hpp"
#include "bench/scaling.hpp"

namespace {

using namespace callweir;

int micro(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

CLI::App& add_fastpath(CLI::App& app, bench::fastpath_options& fastpath) {
  CLI::App& verb =
      *app.add_subcommand("fastpath", "packets a second of one core with the whole pipeline");
  verb.add_option("--flows", fastpath.flows, "flows that are live at any time")
      ->check(CLI::Range(1'000, 50'000'000))
      ->capture_default_str();
  verb.add_option("--new-per-s", fastpath.new_per_s, "new flows a second")
      ->check(CLI::Range(100, 10'000'000))
      ->capture_default_str();
  verb.add_option("--seconds", fastpath.seconds, "how long to measure, after the warm-up")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  verb.add_option("--workers", fastpath.workers, "cores; the flows are shared among them")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  verb.add_flag("--json", fastpath.json, "one line of JSON");
  return verb;
}

CLI::App& add_latency(CLI::App& app, bench::latency_options& latency) {
  CLI::App& verb =
      *app.add_subcommand("latency", "time that the engine adds to a packet's way; two cores");
  verb.add_option("--load", latency.load_pct, "percent of the highest rate without loss")
      ->delimiter(',')
      ->check(CLI::Range(1.0, 100.0))
      ->default_str("10,50,90");
  verb.add_option("--seconds", latency.seconds, "how long to measure at each load")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  verb.add_option("--flows", latency.flows, "flows that are live")
      ->check(CLI::Range(1'000, 100'000))
      ->capture_default_str();
  verb.add_flag("--busy-poll", latency.busy_poll, "the worker never sleeps");
  verb.add_flag("--json", latency.json, "one line of JSON");
  return verb;
}

CLI::App& add_scaling(CLI::App& app, bench::scaling_options& scaling) {
  CLI::App& verb = *app.add_subcommand(
      "scaling", "cost by workers, policy lines, networks in a group, and degraded calls");
  verb.add_option("--seconds", scaling.seconds, "how long to measure each of the four")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  verb.add_flag("--json", scaling.json, "one line of JSON");
  return verb;
}

CLI::App& add_flood(CLI::App& app, bench::flood_options& flood) {
  CLI::App& verb =
      *app.add_subcommand("flood", "established flows beside a flood of one-packet flows");
  verb.add_option("--flows", flood.flows, "established flows")
      ->check(CLI::Range(100, 1'000'000))
      ->capture_default_str();
  verb.add_option("--pps", flood.packets_per_s, "packets a second of theirs, offered")
      ->check(CLI::Range(10'000, 20'000'000))
      ->capture_default_str();
  verb.add_option("--new-per-s", flood.new_per_s, "new flows a second of the flood")
      ->check(CLI::Range(1'000, 20'000'000))
      ->capture_default_str();
  verb.add_option("--table", flood.table_flows, "flows that the table holds")
      ->check(CLI::Range(1'024, 50'000'000))
      ->capture_default_str();
  verb.add_option("--seconds", flood.seconds, "how long to measure with the flood")
      ->check(CLI::Range(1.0, 3600.0))
      ->capture_default_str();
  verb.add_flag("--json", flood.json, "one line of JSON");
  return verb;
}

CLI::App& add_ingest(CLI::App& app, bench::ingest_options& ingest) {
  CLI::App& verb =
      *app.add_subcommand("ingest", "records that the store takes, and questions meanwhile");
  verb.add_option("--rate", ingest.records_per_s, "records a second, offered; 0: all it takes")
      ->check(CLI::Range(0.0, 1e7))
      ->capture_default_str();
  verb.add_option("--seconds", ingest.seconds, "how long to measure")
      ->check(CLI::Range(1.0, 3600.0))
      ->capture_default_str();
  verb.add_option("--batch", ingest.batch, "records a transaction")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  verb.add_option("--folder", ingest.folder, "where the databases are made")->capture_default_str();
  verb.add_option("--beside", ingest.beside, "a database to copy and go on with");
  verb.add_flag("--json", ingest.json, "one line of JSON");
  return verb;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || std::string_view(argv[1]).rfind("--benchmark", 0) == 0) return micro(argc, argv);
  CLI::App app{"Measures the data path in memory, without a card."};
  app.require_subcommand(1);
  app.footer(
      "Without a verb the micro-benchmarks of single stages run; they take --benchmark_filter and\n"
      "the other options of Google Benchmark.\n"
      "Examples:\n"
      "  callweir-bench fastpath --flows 1000000 --new-per-s 100000\n"
      "  callweir-bench latency --load 50 --seconds 10\n"
      "  callweir-bench flood --seconds 30 --json\n"
      "  callweir-bench ingest --rate 20000 --seconds 60\n"
      "  callweir-bench --benchmark_filter=lookup\n"
      "Exit codes: 0 done, 1 the figures mean nothing, 2 bad usage.");
  bench::fastpath_options fastpath;
  bench::latency_options latency;
  const auto& speed = add_fastpath(app, fastpath);
  bench::scaling_options scaling;
  const auto& growth = add_scaling(app, scaling);
  bench::flood_options flood;
  add_latency(app, latency);
  const auto& attack = add_flood(app, flood);
  bench::ingest_options ingest;
  const auto& records = add_ingest(app, ingest);
  try {
    app.parse(argc, argv);
    if (speed.parsed()) return bench::run_fastpath(fastpath);
    if (growth.parsed()) return bench::run_scaling(scaling);
    if (attack.parsed()) return bench::run_flood(flood);
    if (records.parsed()) return bench::run_ingest(ingest);
    return bench::run_latency(latency);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "callweir-bench: %s\n", problem.what());
    return 1;
  }
}
