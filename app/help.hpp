// Shell completion and the manual page, made from the command line's own description.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace callweir::app {

/// A completion script for "bash" or "zsh".
std::string completion_script(const CLI::App& app, const std::string& shell);
/// troff source of callweir(1): every verb with its options and examples.
std::string manual_page(const CLI::App& app, const std::string& version);
/// The verbs that people see.
std::vector<const CLI::App*> visible_verbs(const CLI::App& app);
/// The words that a user may have meant where `word` is known to nobody: verbs, or options of the
/// verb in use.
std::vector<std::string> known_words(const CLI::App& app, const std::string& word);

}  // namespace callweir::app
