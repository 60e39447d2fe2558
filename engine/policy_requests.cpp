// The policy verbs of the control socket.

#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "engine/audit.hpp"
#include "engine/control_requests.hpp"
#include "engine/policy_text.hpp"
#include "engine/save_file.hpp"

namespace callweir::engine {
namespace {

using json::append_integer;
using json::append_key;
using json::append_string;

std::string change_record(const std::string& text) {
  std::string out = R"({"type":"change","text":)";
  append_string(out, text);
  return out + '}';
}

void append_count(std::string& out, const char* key, std::uint64_t count) {
  append_key(out, key);
  append_integer(out, count);
}

std::string head_record(const control_state& state) {
  std::string out = R"({"type":"policies","file":)";
  append_string(out, state.policies.source().name);
  append_count(out, "generation", state.policies.generation());
  append_key(out, "rolls_back_in_s");
  if (const auto until = state.policies.confirm_until()) {
    json::append_number(out, to_seconds(*until - state.now), 0);
  } else {
    out += "null";
  }
  return out + '}';
}

std::string line_record(const shaper::policy_line& line, const shaper::line_counters& counted) {
  const line_text text = text_of(line);
  std::string out = R"({"type":"policy","name":)";
  append_string(out, text.name);
  append_key(out, "match");
  append_string(out, text.match);
  append_key(out, "action");
  append_string(out, text.action);
  append_key(out, "mode");
  append_string(out, text.mode);
  append_count(out, "flows", counted.flows);
  append_count(out, "packets", counted.packets);
  append_count(out, "bytes", counted.bytes);
  append_count(out, "dropped", counted.dropped);
  append_count(out, "delayed", counted.delayed);
  return out + '}';
}

/// Reads what the client sent; the refusal names the first problem.
result<policy_source> read_source(const std::string& text, const std::string& name) {
  auto read = read_configuration(text, name);
  if (read) return policy_source{std::move(*read), text, name};
  if (read.error().empty()) return fail("the configuration cannot be read", name);
  return tl::unexpected(read.error().front());
}

result<void> can_replace(const configuration& running, const configuration& wanted) {
  const auto keys = keys_needing_restart(running, wanted);
  if (keys.empty()) return {};
  std::string list;
  for (const auto& key : keys) list += (list.empty() ? "" : ", ") + key;
  return fail("differs from the running appliance in " + list, {},
              "these take effect with a restart only: leave them as they are, or save the file and "
              "restart");
}

}  // namespace

std::string applied_policies_path(const std::string& control_socket) {
  return control_socket + ".applied.yaml";
}

/// Unconfirmed policies are not kept: a new engine goes on with those before them.
void control_requests::keep_applied(const control_state& state) {
  if (access_.applied_path.empty() || state.policies.confirm_until()) return;
  if (auto kept = save_file(access_.applied_path, state.policies.source().text); !kept) {
    log::warning("policy", "would not outlive the engine: {}", kept.error().text());
  }
}

control::reply control_requests::policy_list() {
  return on_control([](control_state& state) {
    control::reply out;
    out.records.push_back(head_record(state));
    const auto& lines = state.policies.source().whole.policies.lines;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      out.records.push_back(line_record(lines[i], state.policies.current().counters(i)));
    }
    return out;
  });
}

control::reply control_requests::policy_diff(const std::string& text, const std::string& name) {
  auto source = read_source(text, name);
  if (!source) return control::reply::refused(source.error(), exit_usage);
  return on_control([&](control_state& state) {
    control::reply out;
    const auto& running = state.policies.source().whole;
    for (const auto& change : policy_changes(running.policies, source->whole.policies)) {
      out.records.push_back(change_record(change));
    }
    for (const auto& key : keys_needing_restart(running, source->whole)) {
      out.records.push_back(change_record("! " + key + ": takes effect with a restart only"));
    }
    return out;
  });
}

control::reply control_requests::policy_apply(const std::string& text, const std::string& name,
                                              std::int64_t confirm_s, const control::peer& who) {
  auto source = read_source(text, name);
  if (!source) return control::reply::refused(source.error(), exit_usage);
  constexpr std::int64_t confirm_s_max = 7 * 24 * 3600;
  if (confirm_s < 0 || confirm_s > confirm_s_max) {
    return control::reply::refused({"the time to confirm is out of range", "--confirm", "1s to 7d"},
                                   exit_usage);
  }
  return on_control([&](control_state& state) {
    const auto& running = state.policies.source().whole;
    if (auto fits = can_replace(running, source->whole); !fits) {
      error problem = fits.error();
      problem.where = name;
      return control::reply::refused(std::move(problem), exit_usage);
    }
    control::reply out;
    for (const auto& change : policy_changes(running.policies, source->whole.policies)) {
      out.records.push_back(change_record(change));
    }
    std::optional<nanoseconds> confirm;
    if (confirm_s > 0) confirm = std::chrono::seconds(confirm_s);
    if (auto done = state.policies.apply(std::move(*source), confirm, state.now); !done) {
      return control::reply::refused(done.error());
    }
    keep_applied(state);
    audit(
        access_.journal, audit_name(who), "policy-apply",
        fmt::format("policies of {} applied, {} changes{}", name, out.records.size(),
                    confirm_s > 0 ? fmt::format(", to be confirmed within {} s", confirm_s) : ""));
    return out;
  });
}

control::reply control_requests::policy_confirm(const control::peer& who) {
  return on_control([&](control_state& state) {
    if (auto done = state.policies.confirm(); !done) return control::reply::refused(done.error());
    keep_applied(state);
    audit(access_.journal, audit_name(who), "policy-confirm", "policies confirmed");
    return control::reply{};
  });
}

control::reply control_requests::policy_rollback(const control::peer& who) {
  return on_control([&](control_state& state) {
    if (auto done = state.policies.rollback(state.now); !done)
      return control::reply::refused(done.error());
    keep_applied(state);
    audit(access_.journal, audit_name(who), "policy-rollback",
          "policies rolled back to " + state.policies.source().name);
    return control::reply{};
  });
}

control::reply control_requests::policy_save(const control::peer& who) {
  std::string text;
  auto got = on_control([&](control_state& state) {
    if (state.policies.confirm_until()) {
      return control::reply::refused(
          {"the policies wait for their confirmation", {}, "'policy confirm' first"});
    }
    text = state.policies.source().text;
    return control::reply{};
  });
  if (got.end.exit != exit_done) return got;
  if (auto saved = save_file(access_.configuration_path, text); !saved) {
    return control::reply::refused(saved.error());
  }
  audit(access_.journal, audit_name(who), "policy-save",
        "policies saved to " + access_.configuration_path);
  return {{change_record("saved to " + access_.configuration_path + ", the earlier file is " +
                         access_.configuration_path + ".bak")},
          {}};
}

}  // namespace callweir::engine
