// OpenSSL behind types of our own: what is spoken, and one connection's bytes with or without it.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace callweir::dashboard::http {

struct ssl_deleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* connection) const { SSL_free(connection); }
};
using tls_context = std::unique_ptr<SSL_CTX, ssl_deleter>;

/// A server's context: TLS 1.2 and 1.3, forward secrecy and authenticated ciphers only, no
/// renegotiation, no session tickets or resumption, no compression, no early data; ALPN "http/1.1".
/// Errors name the file that is missing, is no PEM, or does not fit the other.
result<tls_context> make_tls_context(const std::string& certificate, const std::string& key);

/// What OpenSSL says of the newest error of this thread; clears its queue.
std::string openssl_error();

enum class transfer : std::uint8_t {
  done,        // some bytes were moved, or the handshake is complete
  want_read,   // again when the socket can be read
  want_write,  // again when the socket can be written
  closed,      // the peer ended its half
  failed,      // reset, garbage, a broken record: nothing more can be said on this connection
  plain_http   // of a handshake: the client speaks HTTP without TLS
};

/// One accepted, non-blocking socket. Owns it. One thread.
class transport {
 public:
  /// `context` null: no TLS.
  transport(int descriptor, SSL_CTX* context);
  ~transport();
  transport(const transport&) = delete;
  transport& operator=(const transport&) = delete;

  transfer handshake();
  transfer read(std::span<char> into, std::size_t& bytes);
  transfer write(std::string_view from, std::size_t& bytes);
  /// Ends our half: close_notify, then the socket's.
  void end_writing();
  /// Raw bytes, past TLS: for reading on after end_writing(), and for a plain word to a client that
  /// speaks no TLS.
  transfer read_raw(std::span<char> into, std::size_t& bytes) const;
  void write_raw(std::string_view from) const;

  int descriptor() const { return descriptor_; }
  bool secure() const { return ssl_ != nullptr; }

 private:
  transfer outcome(int returned);

  int descriptor_;
  std::unique_ptr<SSL, ssl_deleter> ssl_;
};

}  // namespace callweir::dashboard::http
