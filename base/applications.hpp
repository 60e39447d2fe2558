// The application names that records carry and policies match: our own (Skype, Tox, WebRTC, SIP,
// RTP, Unknown call, Unknown) and nDPI's 5.x names. Ids are positions in the table and live in one
// process only.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/verdict.hpp"

namespace callweir {

enum known_application : app_id {
  app_unknown = 0,
  app_unknown_call = 1,
  app_skype = 2,
  app_tox = 3,
  app_webrtc = 4,
  app_sip = 5,
  app_rtp = 6
};

/// The documented list: what `app` of a record may be and what a policy may name. Sorted from the
/// eighth on.
std::span<const std::string_view> application_names();
/// Any id, those of superseded names too.
std::string_view application_name(app_id id);
/// Exact, case sensitive; nullopt for a name outside the documented list.
std::optional<app_id> find_application(std::string_view name);

/// Like find_application, and also finds names that older versions of nDPI use: what `ndpi` of a
/// record says.
std::optional<app_id> find_ndpi_name(std::string_view name);
/// The documented application that a superseded name stands for today; `id` itself where it is
/// current.
app_id current_application(app_id id);

}  // namespace callweir
