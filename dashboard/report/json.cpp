#include "base/json_writer.hpp"

#include "dashboard/report/writers.hpp"

namespace callweir::dashboard {
namespace {

/// Braces, brackets and commas of one object after another; the values are appended by the caller.
class writer {
 public:
  explicit writer(std::string& out) : out_(out) {}
  void text(std::string_view key, std::string_view value) {
    json::append_key(out_, key);
    json::append_string(out_, value);
  }
  void text_or_null(std::string_view key, std::string_view value) {
    if (value.empty()) {
      json::append_key(out_, key);
      out_ += "null";
    } else {
      text(key, value);
    }
  }
  void integer(std::string_view key, std::uint64_t value) {
    json::append_key(out_, key);
    json::append_integer(out_, value);
  }
  void number(std::string_view key, double value, int decimals) {
    json::append_key(out_, key);
    json::append_number(out_, value, decimals);
  }
  void flag(std::string_view key, bool value) {
    json::append_key(out_, key);
    json::append_bool(out_, value);
  }
  void tristate_value(std::string_view key, tristate value) {
    json::append_key(out_, key);
    out_ += value == tristate::yes ? "true" : value == tristate::no ? "false" : "null";
  }
  void raw_time(time_point at) { json::append_time(out_, at); }
  void time(std::string_view key, time_point at) {
    json::append_key(out_, key);
    json::append_time(out_, at);
  }
  void measures(std::string_view key, const both_ways<std::optional<double>>& values,
                int decimals) {
    list(key, values,
         [&](const auto& value) { json::append_number_or_null(out_, value, decimals); });
  }
  void integers(std::string_view key, const auto& values) {
    list(key, values, [this](auto value) { json::append_integer(out_, value); });
  }
  void texts(std::string_view key, const std::vector<std::string>& values) {
    list(key, values, [this](const std::string& value) { json::append_string(out_, value); });
  }
  /// `each` appends one value.
  template <class List, class Each>
  void list(std::string_view key, const List& values, Each&& each) {
    json::append_key(out_, key);
    json::append_list(out_, values, [&](std::string&, const auto& value) { each(value); });
  }
  /// `body` appends keys.
  template <class Body>
  void object(std::string_view key, Body&& body) {
    json::append_key(out_, key);
    braces(body);
  }
  template <class Body>
  void braces(Body&& body) {
    out_ += '{';
    body();
    out_ += '}';
  }

 private:
  std::string& out_;
};

void append_finding(writer& out, const finding& of) {
  out.object(of.key, [&] {
    out.text("question", of.question);
    out.text("answer", of.answer);
    out.text("tone", tone_name(of.mood));
    out.texts("sentences", of.sentences);
  });
}

void append_spread(writer& out, std::string_view key, const mos_spread& of) {
  out.object(key, [&] {
    out.integer("calls", of.calls);
    if (of.calls == 0) return;
    out.number("p10", of.low, 2);
    out.number("median", of.median, 2);
    out.number("p90", of.high, 2);
  });
}

void append_outcome(writer& out, std::string_view key, const outcome& of) {
  out.object(key, [&] {
    out.integer("calls", of.calls);
    out.integer("brief", of.brief);
    out.integer("judged", of.judged);
    out.integer("reached", of.reached);
    out.integer("unknown", of.unknown);
    if (of.target_low) {
      out.number("target_low", *of.target_low, 2);
      out.number("target_high", *of.target_high, 2);
    }
    append_spread(out, "mos_before", of.before);
    append_spread(out, "mos_after", of.after);
    out.integers("mos_before_steps", of.before_steps);
    out.integers("mos_after_steps", of.after_steps);
  });
}

void append_group(writer& out, std::string_view key, const bystander_group& of) {
  out.object(key, [&] {
    append_spread(out, "before", of.before);
    append_spread(out, "during", of.during);
    append_spread(out, "after", of.after);
    append_spread(out, "other_times", of.quiet);
    out.object("within_calls", [&] {
      out.integer("calls", of.both_times);
      out.integer("lowered", of.lowered);
      out.integer("raised", of.raised);
      if (of.both_times == 0) return;
      out.number("median_loss", of.median_loss, 2);
      append_spread(out, "apart", of.own_without);
      append_spread(out, "meanwhile", of.own_with);
    });
  });
}

void append_bystanders(writer& out, const bystanders& of) {
  out.object("bystanders", [&] {
    append_group(out, "authorised", of.authorised);
    append_group(out, "tolerated", of.tolerated);
    out.integer("stretches", of.stretches);
    out.number("stretch_seconds", of.stretch_seconds, 1);
    out.integer("link_unknown", of.link_unknown);
    out.integer("emergency", of.emergency);
    out.integer("emergency_throttled", of.emergency_throttled);
  });
}

void append_treated(writer& out, const std::array<std::uint64_t, treatment_count>& calls) {
  for (std::size_t i = 0; i < treatment_count; ++i)
    out.integer(treatment_name(static_cast<treatment>(i)), calls[i]);
}

void append_call(writer& out, const call_line& call) {
  out.braces([&] {
    out.text("id", call.id);
    out.text("app", call.app);
    out.texts("parties", call.parties);
    out.text("media", call.media);
    out.time("start", call.start);
    out.time("end", call.end);
    out.tristate_value("p2p", call.p2p);
    out.flag("relayed", call.relayed);
    out.flag("emergency", call.emergency);
    out.number("confidence", call.confidence_pct / 100.0, 2);
    out.text_or_null("codec", call.codec);
    out.measures("mos_before", call.mos_before, 2);
    out.measures("mos", call.mos, 2);
    out.measures("mos_throttled", call.mos_throttled, 2);
    out.text_or_null("mos_scale", call.mos_scale);
    out.measures("inflicted_loss", call.inflicted_loss, 4);
    out.measures("added_delay_ms", call.added_delay_ms, 1);
    out.text("treatment", treatment_name(call.what));
    out.text_or_null("policy", call.policy);
    out.texts("reasons", call.reasons);
  });
}

void append_calls(writer& out, const report_model& model) {
  out.object("calls", [&] {
    out.integer("count", model.calls);
    out.integer("not_read", model.calls_not_read);
    out.number("seconds", model.call_seconds, 1);
    append_treated(out, model.treated);
    out.list("applications", model.apps_calling, [&](const application_calls& app) {
      out.braces([&] {
        out.text("app", app.app);
        out.integer("calls", app.all());
        append_treated(out, app.calls);
        out.number("seconds", app.seconds, 1);
      });
    });
    out.list("throttled", model.throttled, [&](const call_line& call) { append_call(out, call); });
    out.integer("throttled_not_listed", model.more_throttled.calls);
    out.list("left_alone", model.others, [&](const call_line& call) { append_call(out, call); });
    out.integer("left_alone_not_listed", model.more_others.calls);
  });
}

void append_usage(writer& out, std::string_view key, const std::vector<usage>& lines) {
  out.list(key, lines, [&](const usage& line) {
    out.braces([&] {
      out.text_or_null("name", line.key);
      out.flag("voip", line.voip);
      out.integer("flows", line.flows);
      out.integers("bytes", line.bytes);
      out.integers("over_time", line.over_time);
    });
  });
}

void append_traffic(writer& out, const report_model& model) {
  out.object("traffic", [&] {
    const auto& load = model.load;
    out.integers("bytes", load.bytes);
    out.integers("packets", load.packets);
    out.integer("call_bytes", load.call_bytes);
    out.integer("dropped", load.dropped);
    out.integer("delayed", load.delayed);
    out.integer("calls_at_once", load.calls_most);
    out.integer("throttled_at_once", load.degraded_most);
    out.object("over_time", [&] {
      out.text("step", bin_unit_name(model.bins.unit));
      out.list("edges", model.bins.edges, [&](time_point at) { out.raw_time(at); });
      out.integers("bytes", load.bytes_by_bin);
      out.integers("call_bytes", load.call_bytes_by_bin);
      out.integers("calls_at_once", load.calls_by_bin);
      out.integers("throttled_at_once", load.degraded_by_bin);
    });
    append_usage(out, "applications", model.apps);
    append_usage(out, "hosts", model.hosts);
    append_usage(out, "links", model.links);
  });
}

void append_hosts(writer& out, const report_model& model) {
  out.object("hosts", [&] {
    out.integer("seen", model.hosts_seen);
    out.flag("seen_is_lower_bound", model.more_hosts);
    out.list("softphones", model.softphone_hosts, [&](const host_line& host) {
      out.braces([&] {
        out.text("addr", host.address);
        out.text("roles", host.roles);
        out.number("confidence", host.confidence_pct / 100.0, 2);
        out.integer("peers", host.peers);
        out.integer("calls", host.calls);
        out.integer("bytes", host.bytes);
        out.time("first", host.first);
        out.time("last", host.last);
      });
    });
    out.integer("softphones_not_listed", model.softphone_hosts_unlisted);
  });
}

void append_policies(writer& out, const report_model& model) {
  out.list("policies", model.policies, [&](const policy_line& line) {
    out.braces([&] {
      out.integer("position", line.sums.position);
      out.text("name", line.sums.name);
      out.text("match", line.sums.match);
      out.text("action", line.sums.action);
      out.text("mode", line.sums.mode);
      out.time("first", line.first);
      out.time("last", line.sums.at);
      out.integer("calls", line.calls);
      out.integer("flows", line.sums.flows);
      out.integer("packets", line.sums.packets);
      out.integer("bytes", line.sums.bytes);
      out.integer("dropped", line.sums.dropped);
      out.integer("delayed", line.sums.delayed);
    });
  });
}

void append_appliance(writer& out, const report_model& model) {
  out.object("appliance", [&] {
    out.list("gap_sums", model.gap_sums, [&](const gap_sum& sum) {
      out.braces([&] {
        out.text("what", sum.what);
        out.integer("times", sum.times);
        out.number("seconds", sum.seconds, 1);
        out.integer("count", sum.count);
      });
    });
    out.list("gaps", model.gaps, [&](const gap_line& gap) {
      out.braces([&] {
        out.time("from", gap.from);
        out.time("to", gap.to);
        out.text("what", gap.what);
        out.integer("count", gap.count);
        out.text("reason", gap.reason);
      });
    });
    out.integer("gaps_not_listed", model.gaps_unlisted);
    out.list("changes", model.changes, [&](const change_line& change) {
      out.braces([&] {
        out.time("at", change.at);
        out.text("who", change.who);
        out.text("verb", change.verb);
        out.text("what", change.what);
      });
    });
    out.integer("changes_not_listed", model.changes_unlisted);
  });
}

}  // namespace

std::string write_json(const report_model& model) {
  std::string text;
  writer out(text);
  const auto found = find(model);
  out.braces([&] {
    out.text("type", "report");
    out.integer("version", 2);
    out.text("site", model.site);
    out.text("timezone", model.timezone);
    out.text("title", model.clock->title(model.when));
    out.time("from", model.when.from);
    out.time("to", model.when.to);
    out.time("made", model.made);
    out.flag("pseudonymised", model.pseudonymised);
    out.texts("notes", model.notes);
    out.text("summary", found.lede);
    out.object("findings", [&] {
      for (const auto* each : {&found.seen, &found.throttled, &found.worked, &found.harmed})
        append_finding(out, *each);
    });
    append_outcome(out, "degraded", model.degraded);
    append_outcome(out, "limited", model.limited);
    append_bystanders(out, model.beside);
    append_calls(out, model);
    append_traffic(out, model);
    append_hosts(out, model);
    append_policies(out, model);
    append_appliance(out, model);
  });
  return text + "\n";
}

}  // namespace callweir::dashboard
