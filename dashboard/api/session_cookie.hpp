// The cookies of a session and of a browser that logged in before: sent by TLS only, to this host
// only, never to scripts, never with a request that another site began.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "dashboard/access/device_proof.hpp"
#include "dashboard/http/message.hpp"

namespace callweir::dashboard::routes {

/// The prefix makes browsers refuse it from other hosts and without TLS (RFC 6265bis 4.1.3).
constexpr std::string_view secure_cookie = "__Host-callweir-session";
/// With `tls: off`, on loopback.
constexpr std::string_view plain_cookie = "callweir-session";

inline std::string_view session_secret(const http::request& ask) {
  return ask.cookie(ask.secure ? secure_cookie : plain_cookie);
}

/// What both cookies say of themselves.
inline std::string closed_cookie(std::string_view name, std::string_view value, bool secure) {
  std::string out(name);
  out.append("=").append(value).append("; Path=/; HttpOnly; SameSite=Strict");
  if (secure) out += "; Secure";
  return out;
}

/// The value of Set-Cookie; "" takes it away.
inline std::string session_cookie(std::string_view secret, bool secure) {
  return closed_cookie(secure ? secure_cookie : plain_cookie, secret, secure) +
         (secret.empty() ? "; Max-Age=0" : "");
}

constexpr std::string_view secure_device_cookie = "__Host-callweir-device";
constexpr std::string_view plain_device_cookie = "callweir-device";

/// What the browser kept of an earlier login (access/device_proof.hpp).
inline std::string_view device_proof(const http::request& ask) {
  return ask.cookie(ask.secure ? secure_device_cookie : plain_device_cookie);
}

/// The value of Set-Cookie. Outlives the session: it proves, and opens nothing.
inline std::string device_cookie(std::string_view proof, bool secure) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(device_proof_lasts);
  return closed_cookie(secure ? secure_device_cookie : plain_device_cookie, proof, secure) +
         "; Max-Age=" + std::to_string(seconds.count());
}

}  // namespace callweir::dashboard::routes
