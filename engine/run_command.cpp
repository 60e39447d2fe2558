#include "engine/run_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/control_socket.hpp"
#include "base/log.hpp"
#include "engine/configuration_use.hpp"
#include "engine/control_requests.hpp"
#include "engine/doctor.hpp"
#include "engine/live_links.hpp"
#include "engine/supervisor.hpp"

namespace callweir::engine {
namespace {

int refuse(const error& problem) {
  std::fputs(fmt::format("callweir: {}\n", problem.text()).c_str(), stderr);
  return exit_usage;
}

/// Answers `status` on the control socket while there is no engine to do it.
class stand_in {
 public:
  stand_in(std::string socket, shared_state& shared, std::vector<std::string> links)
      : socket_(std::move(socket)), shared_(shared), links_(std::move(links)) {}

  void set(bool engine_absent) {
    if (!engine_absent) {
      server_.reset();
      return;
    }
    auto started = control::server::start(
        {socket_},
        [this](std::string_view request, const control::peer&) { return answer(request); });
    if (started) {
      server_ = std::move(*started);
    } else {
      log::warning("supervisor", "no status while the engine is away: {}", started.error().text());
    }
  }

 private:
  control::reply answer(std::string_view request) {
    if (request.find("\"status\"") == std::string_view::npos ||
        request.find("bypass") != std::string_view::npos) {
      return control::reply::refused(
          {"no engine runs: traffic passes uninspected", {}, "'callweir status' says more"});
    }
    return {{status_json(shared_, links_, nullptr)}, {}};
  }

  std::string socket_;
  shared_state& shared_;
  std::vector<std::string> links_;
  std::unique_ptr<control::server> server_;
};

bool uses_kernel(const configuration& whole) {
  return std::any_of(whole.links.begin(), whole.links.end(), [](const auto& link) {
    return link.inside.type == capture::port_config::kind::kernel ||
           link.outside.type == capture::port_config::kind::kernel;
  });
}

/// The program beside our own; empty, with a warning, where there is none.
std::vector<std::string> dashboard_command(const run_request& request) {
  std::error_code problem;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", problem);
  const auto program = self.parent_path() / "callweir-dashboard";
  if (problem || ::access(program.c_str(), X_OK) != 0) {
    log::warning("supervisor", "no dashboard: {} is not there", program.string());
    return {};
  }
  return {program.string(), "--config", request.configuration, "--socket", request.socket};
}

result<void> make_run_folder(const std::string& socket) {
  const auto folder = std::filesystem::path(socket).parent_path();
  std::error_code problem;
  if (!folder.empty()) std::filesystem::create_directories(folder, problem);
  if (problem)
    return fail("cannot make the folder of the control socket: " + problem.message(),
                folder.string());
  return {};
}

}  // namespace

int run_appliance(const run_request& request) {
  auto whole = load_configuration(request.configuration);
  if (!whole) {
    for (const auto& problem : whole.error()) refuse(problem);
    return exit_usage;
  }
  for (const auto& warning : whole->warnings) log::warning("configuration", "{}", warning.text());
  if (whole->links.empty()) {
    return refuse({"there is no link to run", request.configuration, "write one under 'links'"});
  }
  // First of all: what lies in the folder is the other one's.
  if (auto taken = control::client::connect(request.socket, std::chrono::seconds(1)); taken) {
    return refuse({"another appliance runs and serves this control socket", request.socket,
                   "stop it first, or name another with --socket"});
  }
  if (uses_kernel(*whole) && !may_join_interfaces()) {
    return refuse({"this user may not join network interfaces", {}, "run it as root"});
  }
  if (auto made = make_run_folder(request.socket); !made) return refuse(made.error());
  auto shared = shared_mapping::create();
  if (!shared) return refuse(shared.error());
  stand_in absent(request.socket, **shared, whole->link_names());
  supervisor_options options;
  options.links = whole->links;
  options.workers = workers_for(whole->engine.workers, whole->links);
  options.engine_arguments = {"engine", "--config", request.configuration, "--socket",
                              request.socket};
  options.on_engine_absent = [&absent](bool now) { absent.set(now); };
  if (request.dashboard) options.dashboard_argv = dashboard_command(request);
  // Of an earlier run. Not before the ports are ours: an appliance that runs still needs its own.
  options.on_ports_held = [&request] {
    std::error_code none;
    std::filesystem::remove(applied_policies_path(request.socket), none);
  };
  return supervise(options, *shared);
}

}  // namespace callweir::engine
