// The dashboard process: store, reports, API and web pages. Wiring only.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/record_stream.hpp"
#include "base/result.hpp"
#include "dashboard/access/access_control.hpp"
#include "dashboard/api/api.hpp"
#include "dashboard/http/server.hpp"
#include "dashboard/http/static_files.hpp"
#include "dashboard/ingest/bypass_switch.hpp"
#include "dashboard/ingest/ingest.hpp"
#include "dashboard/privacy/pseudonyms.hpp"
#include "dashboard/privileges.hpp"
#include "dashboard/settings.hpp"
#include "dashboard/sqlite/damage.hpp"
#include "dashboard/sqlite/sqlite.hpp"
#include "dashboard/store/backup.hpp"

namespace {

using namespace callweir;

struct options {
  std::string configuration = "/etc/callweir/callweir.yaml";
  std::string control_socket = "/run/callweir/control.sock";
  std::string backup;  // the verb's target, "" to serve
};

int refuse(const error& problem, int exit = exit_usage) {
  std::fputs(fmt::format("callweir-dashboard: {}\n", problem.text()).c_str(), stderr);
  return exit;
}

sigset_t end_signals() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  return ends;
}

time_point wall_clock() {
  return {
      std::chrono::duration_cast<nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count()};
}

std::uint16_t port_of(const dashboard_settings& wanted) {
  return static_cast<std::uint16_t>(std::stoi(wanted.listen.substr(wanted.listen.rfind(':') + 1)));
}

result<dashboard::http::server_options> listening(
    const dashboard_settings& wanted, const std::filesystem::path& beside,
    const dashboard::http::certificate_pair& of_files) {
  dashboard::http::server_options out;
  const auto colon = wanted.listen.rfind(':');
  out.host = wanted.listen.substr(0, colon);
  if (out.host.size() > 2 && out.host.front() == '[') {
    out.host = out.host.substr(1, out.host.size() - 2);
  }
  out.port = port_of(wanted);
  using tls = dashboard_settings::tls_mode;
  if (wanted.tls == tls::files) {
    out.certificate = wanted.certificate;
    out.key = wanted.key;
    out.pair = of_files;
  } else if (wanted.tls == tls::automatic) {
    out.certificate = beside / "dashboard.pem";
    out.key = beside / "dashboard.key";
    const auto print = dashboard::http::ensure_certificate(out.certificate, out.key);
    if (!print) return tl::unexpected(print.error());
    log::info("dashboard", "certificate {}, SHA-256 {}", out.certificate, *print);
  }
  return out;
}

/// The server, or the reason why there is none yet: a port that another program has must not keep
/// records from being stored.
class front {
 public:
  front(const dashboard::settings& from, std::filesystem::path beside, dashboard::live_board& board)
      : from_(from), beside_(std::move(beside)), board_(board) {}

  /// Reads the configured key, which later this process may not be allowed to. What is wrong with
  /// it is told when it is needed.
  void read_key() {
    const auto& wanted = from_.dashboard;
    if (wanted.tls != dashboard_settings::tls_mode::files) return;
    if (auto pair = dashboard::http::read_certificate(wanted.certificate, wanted.key)) {
      of_files_ = std::move(*pair);
    }
  }
  /// Main thread, about once a second.
  void keep_open(dashboard::api& api) {
    if (server_ || pause_s_-- > 0) return;
    pause_s_ = 10;
    if (const auto opened = open(api); !opened) {
      log::error("dashboard", "no pages: {}", opened.error().text());
    }
  }
  /// Any thread.
  dashboard::http::server_counters counters() const {
    const auto* now = shown_.load();
    return now != nullptr ? now->counters() : dashboard::http::server_counters{};
  }
  void close() {
    server_.reset();
    shown_.store(nullptr);
  }

 private:
  result<void> open(dashboard::api& api) {
    const auto where = listening(from_.dashboard, beside_, of_files_);
    if (!where) return tl::unexpected(where.error());
    auto started = dashboard::http::server::start(
        *where, [&api](const dashboard::http::request& asked) { return api.answer(asked); },
        board_);
    if (!started) return tl::unexpected(started.error());
    server_ = std::move(*started);
    shown_.store(server_.get());
    log::info("dashboard", "pages at {}://{}/", where->certificate.empty() ? "http" : "https",
              from_.dashboard.listen);
    return {};
  }

  const dashboard::settings& from_;
  std::filesystem::path beside_;
  dashboard::live_board& board_;
  dashboard::http::certificate_pair of_files_;
  std::unique_ptr<dashboard::http::server> server_;
  std::atomic<const dashboard::http::server*> shown_{nullptr};
  int pause_s_ = 0;
};

/// The signals are blocked in every thread: the main one takes them here.
void serve_until_signal(dashboard::api& api, dashboard::access_control& access, front& pages) {
  const sigset_t ends = end_signals();
  const timespec second{1, 0};
  for (;;) {
    pages.keep_open(api);
    api.end_streams();
    access.write_what_waits();
    while (api.hand_over_audit()) {
    }
    if (const int which = ::sigtimedwait(&ends, nullptr, &second); which > 0) {
      log::info("dashboard", "ends on signal {}", which);
      return;
    }
  }
}

/// From root to a user that may little; the log says which it is.
result<void> step_down(const options& wanted, const dashboard::settings& settings) {
  constexpr std::uint16_t first_free_port = 1'024;
  const std::uint16_t port = port_of(settings.dashboard);
  const auto who = dashboard::give_up_root(
      {settings.store.sqlite, wanted.control_socket, port != 0 && port < first_free_port});
  if (!who) return tl::unexpected(who.error());
  if (who->starts_with("runs as root")) {
    log::warning("dashboard", "{}", *who);
  } else {
    log::info("dashboard", "{}", *who);
  }
  dashboard::confine();
  return {};
}

result<std::unique_ptr<dashboard::access_control>> open_access(const std::string& store) {
  const auto where = dashboard::access_beside(store);
  if (dashboard::is_damaged(where.accounts_database)) {
    const auto aside = dashboard::move_aside(where.accounts_database, wall_clock());
    if (!aside) return tl::unexpected(aside.error());
    log::error("dashboard", "the accounts were damaged and are now {}: set up anew", *aside);
  }
  auto access = dashboard::access_control::open(where);
  if (!access) return access;
  std::string announcement;
  if (const auto needed = (*access)->needs_setup(&announcement); !needed) {
    return tl::unexpected(needed.error());
  }
  if (!announcement.empty()) log::info("dashboard", "{}", announcement);
  return access;
}

int serve(const options& wanted) {
  const auto settings = dashboard::load_settings(wanted.configuration);
  if (!settings) {
    for (const auto& problem : settings.error()) refuse(problem);
    return exit_usage;
  }
  const auto& path = settings->store.sqlite;
  if (path.empty()) {
    return refuse({"a store on ClickHouse is not served by this version", wanted.configuration,
                   "write `store: { sqlite: /var/lib/callweir/callweir.db }`"});
  }
  if (!wanted.backup.empty()) {
    const auto copied = dashboard::backup_sqlite(path, wanted.backup);
    return copied ? exit_done : refuse(copied.error(), exit_failed);
  }
  const auto beside = std::filesystem::path(path).parent_path();
  std::error_code problem;
  std::filesystem::create_directories(beside, problem);
  if (problem) return refuse({problem.message(), beside, "see store.sqlite"}, exit_failed);

  // Ids of events go on rising across restarts: a page that was connected before notices what it
  // missed.
  dashboard::live_board board(static_cast<std::uint64_t>(wall_clock().ns / 1'000'000'000) << 20);
  front pages(*settings, beside, board);
  pages.read_key();
  if (const auto done = step_down(wanted, *settings); !done) {
    return refuse(done.error(), exit_failed);
  }

  // Two writers would count everything twice. Held until this process ends, however it ends.
  const int alone = ::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (alone < 0) {
    return refuse({std::string("cannot be opened: ") + std::strerror(errno), path + ".lock",
                   "its folder must be there and writable for this user"},
                  exit_failed);
  }
  if (::flock(alone, LOCK_EX | LOCK_NB) != 0) {
    return refuse({"another callweir-dashboard writes this database", path,
                   "stop it, or start the appliance with `callweir run --no-dashboard`"},
                  exit_failed);
  }
  const auto key =
      settings->pseudonymise ? dashboard::load_pseudonym_key(path) : result<std::string>();
  if (!key) return refuse(key.error(), exit_failed);
  auto records = dashboard::open_sqlite_store(
      path, {settings->store.keep, settings->store.max_size_bytes},
      settings->pseudonymise ? dashboard::pseudonyms(*key) : dashboard::pseudonyms());
  if (!records) return refuse(records.error(), exit_failed);
  if (const auto aside = (*records)->health().moved_aside; !aside.empty()) {
    log::warning("dashboard", "the database was damaged and is now {}", aside);
  }
  auto access = open_access(path);
  if (!access) return refuse(access.error(), exit_failed);

  const auto feed = dashboard::ingest::start(
      {wanted.control_socket, stream::socket_path(wanted.control_socket)}, **records, board);
  dashboard::api_parts parts;
  parts.configured = *settings;
  parts.version = CALLWEIR_VERSION;
  parts.pseudonym_key = *key;
  parts.records = records->get();
  parts.board = &board;
  parts.feed = feed.get();
  parts.access = access->get();
  parts.server = [&pages] { return pages.counters(); };
  parts.bypass = [&socket = wanted.control_socket](bool on) {
    return dashboard::switch_bypass(socket, on);
  };
  parts.files = [](const dashboard::http::request& asked) {
    return dashboard::http::serve_page(asked);
  };
  parts.now = wall_clock;
  dashboard::api api(std::move(parts));

  log::info("dashboard", "records in {}", path);
  serve_until_signal(api, **access, pages);
  pages.close();  // nobody asks any more while the rest goes
  return exit_done;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("keeps what the engine saw, and shows it: store, reports, API, web pages",
               "callweir-dashboard");
  options wanted;
  app.add_option("-c,--config", wanted.configuration, "configuration file")->capture_default_str();
  app.add_option("--socket", wanted.control_socket, "control socket of the appliance")
      ->capture_default_str();
  auto* backup = app.add_subcommand(
      "backup", "copy the database while everything runs on; FILE must not exist");
  backup->add_option("FILE", wanted.backup, "where the copy goes")->required();
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", std::string("callweir-dashboard ") + CALLWEIR_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app.exit(version);
  } catch (const CLI::ParseError& problem) {
    return refuse({problem.what(), {}, "see 'callweir-dashboard --help'"});
  }
  sigset_t blocked = end_signals();
  sigaddset(&blocked, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  try {
    return serve(wanted);
  } catch (const std::exception& problem) {
    return refuse({problem.what(), {}, {}}, exit_failed);
  }
}
