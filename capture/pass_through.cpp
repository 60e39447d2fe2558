#include "capture/pass_through.hpp"

#include <array>

#include "capture/run_program.hpp"

namespace callweir::capture {
namespace {

// A priority and handle of our own, so that `replace` meets our filter and nobody else's.
constexpr const char* priority = "49321";
constexpr const char* handle = "800::c1";

result<void> tc(const std::vector<std::string>& arguments) {
  std::vector<std::string> argv{"tc"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  auto done = run_program(argv);
  if (!done) return tl::unexpected(done.error());
  if (done->status == 0) return {};
  auto& said = done->output;
  while (!said.empty() && said.back() == '\n') said.pop_back();
  std::string line = "tc";
  for (const auto& word : arguments) line += " " + word;
  return fail("pass-through: '" + line + "' failed: " + said);
}

std::string filters(const std::string& device) {
  const auto shown = run_program({"tc", "filter", "show", "dev", device, "ingress"});
  return shown && shown->status == 0 ? shown->output : std::string();
}

bool redirects(const std::string& from, const std::string& to) {
  const auto shown = filters(from);
  return shown.find(std::string("pref ") + priority) != std::string::npos &&
         shown.find("Egress Redirect to device " + to + ")") != std::string::npos;
}

result<void> redirect(const std::string& from, const std::string& to) {
  if (redirects(from, to)) return {};
  // Matches anything, and looks for it inside the Ethernet header, so that frames with nothing
  // behind it match too. (matchall says the same, but small kernels lack it.) The qdisc: fails when
  // there is one, and that is as good.
  const auto qdisc = tc({"qdisc", "add", "dev", from, "clsact"});
  auto filter =
      tc({"filter", "replace",  "dev",    from,     "ingress", "pref",     priority, "handle",
          handle,   "protocol", "all",    "u32",    "match",   "u32",      "0",      "0",
          "at",     "-8",       "action", "mirred", "egress",  "redirect", "dev",    to});
  if (!filter && !qdisc) return qdisc;
  return filter;
}

}  // namespace

result<void> join_pass_through(const std::string& inside, const std::string& outside) {
  if (auto there = redirect(inside, outside); !there) return there;
  return redirect(outside, inside);
}

bool pass_through_is_up(const std::string& inside, const std::string& outside) {
  return redirects(inside, outside) && redirects(outside, inside);
}

result<void> remove_pass_through(const std::string& inside, const std::string& outside) {
  for (const auto& device : {inside, outside}) {
    if (filters(device).find(std::string("pref ") + priority) == std::string::npos) continue;
    if (auto gone = tc({"filter", "del", "dev", device, "ingress", "pref", priority}); !gone)
      return gone;
  }
  return {};
}

}  // namespace callweir::capture
