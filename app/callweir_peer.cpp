// callweir-peer: the reference softphone. Nothing but the command line.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "p2p/udp_node.hpp"

namespace {

using namespace callweir;

int complain(const error& e, exit_code code) {
  std::fprintf(stderr, "callweir-peer: %s\n", e.text().c_str());
  return code;
}

void common_options(CLI::App& verb, p2p::node_options& options, std::string& listen) {
  verb.add_option("--listen", listen,
                  "own address, ADDR, ADDR:PORT or [IPv6]:PORT; any address and port without it");
  verb.add_option("--speech", options.speech,
                  "WAV file to speak, 16-bit mono 16 kHz, over and over; silence without it");
  verb.add_option("--stats", options.stats,
                  "JSON Lines of what is received each second, - is stdout")
      ->capture_default_str();
  verb.add_option("--network", options.network, "name that both ends share; others cannot call")
      ->capture_default_str();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"The reference peer-to-peer softphone of Callweir."};
  app.require_subcommand(1);
  app.set_version_flag("--version", "callweir-peer " CALLWEIR_VERSION);
  app.footer(
      "Examples:\n"
      "  callweir-peer node --listen 192.0.2.7:4000 --speech hello.wav\n"
      "  callweir-peer call 192.0.2.7:4000 --seconds 30 --speech hello.wav --stats -\n"
      "Exit codes: 0 done, 1 the call failed, 2 bad usage.");

  p2p::node_options options;
  std::string listen, peer;

  CLI::App& node = *app.add_subcommand("node", "run one headless softphone that answers calls");
  common_options(node, options, listen);
  node.add_option("--seconds", options.seconds, "how long to run; 0: until stopped")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();

  CLI::App& call = *app.add_subcommand("call", "call a node directly over UDP");
  call.add_option("PEER", peer, "ADDR:PORT or [IPv6]:PORT")->required();
  common_options(call, options, listen);
  call.add_option("--patience", options.patience_s, "how many seconds to wait for an answer")
      ->check(CLI::Range(0.5, 300.0))
      ->capture_default_str();
  call.add_option("--seconds", options.seconds, "how long to talk; 0: until either side hangs up")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? exit_done : exit_usage;
  }
  if (call.parsed()) {
    const auto to = p2p::peer_address::parse(peer, true);
    if (!to) return complain({to.error().what, "call", to.error().mend}, exit_usage);
    options.call = *to;
  }
  if (listen.empty()) listen = options.call && !options.call->address.is_v4() ? "::" : "0.0.0.0";
  const auto own = p2p::peer_address::parse(listen, false);
  if (!own) return complain({own.error().what, "--listen", own.error().mend}, exit_usage);
  options.listen = *own;
  if (options.call && options.call->address.is_v4() != own->address.is_v4()) {
    return complain({"IPv4 and IPv6 do not reach each other", "--listen " + own->text(),
                     "listen on an address of the family of " + options.call->text()},
                    exit_usage);
  }
  try {
    const auto done = p2p::run_node(options);
    return done ? exit_done : complain(done.error().what, done.error().code);
  } catch (const std::exception& e) {
    return complain({e.what(), {}, {}}, exit_failed);
  }
}
