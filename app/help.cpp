#include "app/help.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace callweir::app {
namespace {

std::vector<std::string> option_words(const CLI::App& app) {
  std::vector<std::string> out;
  for (const auto* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    for (const auto& name : option->get_lnames()) out.push_back("--" + name);
    for (const auto& name : option->get_snames()) out.push_back("-" + name);
  }
  return out;
}

std::vector<std::string> verb_words(const CLI::App& app) {
  std::vector<std::string> out;
  for (const auto* verb : visible_verbs(app)) out.push_back(verb->get_name());
  return out;
}

std::string words(const CLI::App& app) {
  auto all = verb_words(app);
  for (auto& word : option_words(app)) all.push_back(std::move(word));
  return fmt::format("{}", fmt::join(all, " "));
}

/// Text for troff: backslashes and leading dots are not its commands, dashes stay dashes.
std::string troff(const std::string& text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    line_start = c == '\n';
  }
  return out;
}

void append_options(std::string& out, const CLI::App& app) {
  for (const auto* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    const std::string name = option->get_name(true, true);
    out += fmt::format(".TP\n.B {}\n{}\n", troff(name), troff(option->get_description()));
    const std::string standard = option->get_default_str();
    if (!standard.empty()) out += fmt::format("(default: {})\n", troff(standard));
  }
}

void append_verb(std::string& out, const CLI::App& verb, const std::string& title) {
  out += fmt::format(".SS {}\n{}.\n", troff(title), troff(verb.get_description()));
  append_options(out, verb);
  for (const auto* below : visible_verbs(verb)) {
    out += fmt::format(".TP\n.B {}\n{}.\n", troff(title + " " + below->get_name()),
                       troff(below->get_description()));
    for (const auto* option : below->get_options()) {
      if (option->get_group().empty() || option->check_name("help")) continue;
      out += fmt::format(".br\n{}: {}\n", troff(option->get_name(true, true)),
                         troff(option->get_description()));
    }
  }
  if (!verb.get_footer().empty())
    out += fmt::format(".PP\n.nf\n{}\n.fi\n", troff(verb.get_footer()));
}

/// Whether a verb's positional is a file.
bool takes_files(const CLI::App& verb) {
  const auto options = verb.get_options();
  return std::any_of(options.begin(), options.end(), [](const CLI::Option* option) {
    const auto name = option->get_single_name();
    return option->get_positional() && (name == "FILE" || name == "PCAP");
  });
}

std::string bash_case(const CLI::App& verb, const std::string& more_words, int depth) {
  const std::string indent(static_cast<std::size_t>(4 * depth), ' ');
  std::string out = fmt::format("{}{}) words='{}{}'; files={}", indent, verb.get_name(),
                                words(verb), more_words, takes_files(verb) ? "yes" : "''");
  const auto below = visible_verbs(verb);
  if (!below.empty()) {
    out += fmt::format("\n{}  [ \"$COMP_CWORD\" -gt {} ] && case ${{COMP_WORDS[{}]}} in\n", indent,
                       depth + 1, depth + 1);
    for (const auto* each : below) out += bash_case(*each, " --socket --json", depth + 1);
    out += indent + "  esac";
  }
  return out + " ;;\n";
}

std::string bash_script(const CLI::App& app) {
  std::string cases;
  for (const auto* verb : visible_verbs(app)) cases += bash_case(*verb, "", 1);
  return fmt::format(
      R"(# bash completion of callweir; install as /usr/share/bash-completion/completions/callweir
_callweir_files() {{
  local IFS=$'\n' # names may hold blanks
  COMPREPLY+=($(compgen -f -- "$current"))
}}
_callweir() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} words='{}' files=''
  COMPREPLY=()
  case $previous in
    -c|--config|-o|--output|--socket) _callweir_files; return ;;
    --format)
      local formats='table json csv html'
      [ "${{COMP_WORDS[1]}}" = report ] && formats='html pdf csv json'
      COMPREPLY=($(compgen -W "$formats" -- "$current")); return ;;
    --last) COMPREPLY=($(compgen -W 'day week month' -- "$current")); return ;;
    --completion) COMPREPLY=($(compgen -W 'bash zsh' -- "$current")); return ;;
    bypass) COMPREPLY=($(compgen -W 'on off status' -- "$current")); return ;;
  esac
  [ "$COMP_CWORD" -gt 1 ] && case ${{COMP_WORDS[1]}} in
{}  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ -n "$files" ] && _callweir_files
  return 0
}}
complete -o filenames -F _callweir callweir
)",
      words(app), cases);
}

std::string zsh_script(const CLI::App& app) {
  std::string verbs, cases;
  for (const auto* verb : visible_verbs(app)) {
    verbs += fmt::format("    '{}:{}'\n", verb->get_name(),
                         fmt::join(CLI::detail::split(verb->get_description(), '\''), ""));
    cases += fmt::format("    {}) compadd -- {}; _files ;;\n", verb->get_name(), words(*verb));
  }
  return fmt::format(R"(#compdef callweir
# zsh completion of callweir; install as _callweir in a folder of $fpath
_callweir() {{
  local -a verbs
  verbs=(
{}  )
  if (( CURRENT == 2 )); then
    _describe verb verbs
    return
  fi
  case $words[2] in
{}  esac
}}
_callweir "$@"
)",
                     verbs, cases);
}

}  // namespace

std::vector<const CLI::App*> visible_verbs(const CLI::App& app) {
  std::vector<const CLI::App*> out;
  for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!verb->get_group().empty()) out.push_back(verb);
  }
  return out;
}

std::vector<std::string> known_words(const CLI::App& app, const std::string& word) {
  const CLI::App* in_use = &app;
  for (auto below = in_use->get_subcommands(); !below.empty(); below = in_use->get_subcommands()) {
    in_use = below.front();
  }
  return word.starts_with("-") ? option_words(*in_use) : verb_words(*in_use);
}

std::string completion_script(const CLI::App& app, const std::string& shell) {
  return shell == "zsh" ? zsh_script(app) : bash_script(app);
}

std::string manual_page(const CLI::App& app, const std::string& version) {
  std::string out = fmt::format(
      ".TH CALLWEIR 1 \"\" \"callweir {}\" \"User Commands\"\n.SH NAME\ncallweir \\- {}\n"
      ".SH SYNOPSIS\n.B callweir\n.I VERB\n[\\fIOPTION\\fR...]\n.SH DESCRIPTION\n",
      version, troff(app.get_description()));
  out +=
      "A transparent box between a network and its firewall: it finds internet\\-telephony calls "
      "whatever port or relay\n"
      "they use and brings those that are not authorised down to a quality that nobody wants to "
      "talk over.\n"
      ".SH VERBS\n";
  for (const auto* verb : visible_verbs(app))
    append_verb(out, *verb, "callweir " + verb->get_name());
  out +=
      ".SH EXIT STATUS\n0 done, 1 the work failed, 2 bad usage or configuration.\n"
      ".SH FILES\n.TP\n.I /etc/callweir/callweir.yaml\nthe configuration\n.TP\n.I "
      "/run/callweir/control.sock\n"
      "the control socket of the running appliance\n";
  return out;
}

}  // namespace callweir::app
