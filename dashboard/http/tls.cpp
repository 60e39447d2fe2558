#include "dashboard/http/tls.hpp"

#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace callweir::dashboard::http {
namespace {

/// RFC 7301: "http/1.1" or, when the client offers only others, a fatal alert.
int choose_protocol(SSL* /*connection*/, const unsigned char** chosen, unsigned char* chosen_bytes,
                    const unsigned char* offered, unsigned offered_bytes, void* /*argument*/) {
  static constexpr unsigned char ours[] = "\x08http/1.1";
  unsigned char* out = nullptr;
  const int found =
      SSL_select_next_proto(&out, chosen_bytes, ours, sizeof ours - 1, offered, offered_bytes);
  *chosen = out;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// A key under a passphrase is an error, not a question on the terminal.
int no_passphrase(char* /*into*/, int /*bytes*/, int /*writing*/, void* /*argument*/) {
  return -1;
}

bool set_up(SSL_CTX* context) {
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  // An idle connection keeps no record buffers (34 kB each). Without automatic retry a client that
  // sends records without data in them (key updates) cannot hold the thread inside one read.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_num_tickets(context, 0) == 1 &&
         SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1 &&
         SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1;
}

}  // namespace

std::string openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown error" : reason;
}

result<tls_context> make_tls_context(const std::string& certificate, const std::string& key) {
  ERR_clear_error();
  tls_context context(SSL_CTX_new(TLS_server_method()));
  if (!context || !set_up(context.get())) {
    return fail("TLS cannot be set up: " + openssl_error());
  }
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) != 1) {
    return fail("no certificate can be read: " + openssl_error(), certificate,
                "it must be a PEM file that this process may read");
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return fail("no key to the certificate can be read: " + openssl_error(), key,
                "it must be the certificate's own key, a PEM file that this process may read");
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    return fail("the key does not belong to the certificate", key, "name the right pair of files");
  }
  return context;
}

transport::transport(int descriptor, SSL_CTX* context) : descriptor_(descriptor) {
  if (context == nullptr) return;
  ssl_.reset(SSL_new(context));
  if (ssl_ == nullptr || SSL_set_fd(ssl_.get(), descriptor_) != 1) {
    ssl_.reset();
    ::close(descriptor_);
    descriptor_ = -1;  // never plain text on a port for TLS: every call fails from here on
    return;
  }
  SSL_set_accept_state(ssl_.get());
}

transport::~transport() {
  ssl_.reset();
  if (descriptor_ >= 0) ::close(descriptor_);
}

transfer transport::outcome(int returned) {
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      return transfer::want_read;
    case SSL_ERROR_WANT_WRITE:
      return transfer::want_write;
    case SSL_ERROR_ZERO_RETURN:
      return transfer::closed;
    case SSL_ERROR_SSL: {
      const int reason = ERR_GET_REASON(ERR_peek_error());
      ERR_clear_error();
      return reason == SSL_R_HTTP_REQUEST ? transfer::plain_http : transfer::failed;
    }
    default:
      ERR_clear_error();
      return transfer::failed;
  }
}

transfer transport::handshake() {
  if (descriptor_ < 0) return transfer::failed;
  if (!ssl_) return transfer::done;
  ERR_clear_error();
  const int returned = SSL_do_handshake(ssl_.get());
  return returned == 1 ? transfer::done : outcome(returned);
}

transfer transport::read(std::span<char> into, std::size_t& bytes) {
  bytes = 0;
  if (!ssl_) return read_raw(into, bytes);
  ERR_clear_error();
  const int returned = SSL_read_ex(ssl_.get(), into.data(), into.size(), &bytes);
  return returned == 1 ? transfer::done : outcome(returned);
}

transfer transport::write(std::string_view from, std::size_t& bytes) {
  bytes = 0;
  if (ssl_) {
    ERR_clear_error();
    const int returned = SSL_write_ex(ssl_.get(), from.data(), from.size(), &bytes);
    return returned == 1 ? transfer::done : outcome(returned);
  }
  const ssize_t sent = ::send(descriptor_, from.data(), from.size(), MSG_NOSIGNAL);
  if (sent < 0) {
    return errno == EAGAIN || errno == EINTR ? transfer::want_write : transfer::failed;
  }
  bytes = static_cast<std::size_t>(sent);
  return transfer::done;
}

void transport::end_writing() {
  if (descriptor_ < 0) return;
  if (ssl_ && SSL_is_init_finished(ssl_.get()) == 1) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  ::shutdown(descriptor_, SHUT_WR);
}

transfer transport::read_raw(std::span<char> into, std::size_t& bytes) const {
  bytes = 0;
  const ssize_t got = ::recv(descriptor_, into.data(), into.size(), 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR ? transfer::want_read : transfer::failed;
  bytes = static_cast<std::size_t>(got);
  return got == 0 ? transfer::closed : transfer::done;
}

void transport::write_raw(std::string_view from) const {
  // Best effort: a socket that has sent nothing yet takes a line; what it does not take is lost.
  [[maybe_unused]] const auto sent =
      ::send(descriptor_, from.data(), from.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace callweir::dashboard::http
