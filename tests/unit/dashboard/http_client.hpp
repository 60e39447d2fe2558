// A client for tests that may send anything: blocking, two seconds of patience, with or without
// TLS.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string>

namespace callweir::test {

struct http_answer {
  int status = 0;    // 0: the connection ended before an answer
  std::string head;  // with the status line
  std::string body;

  bool has(const std::string& text) const { return head.find(text) != std::string::npos; }
};

class http_client {
 public:
  http_client(std::uint16_t port, bool tls, const char* from = nullptr, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    const timeval patience{2, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (receive_buffer > 0) {
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (from != nullptr) {
      ::inet_pton(AF_INET, from, &address.sin_addr);
      ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    address.sin_port = htons(port);
    connected_ =
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    if (!connected_ || !tls) return;
    context_ = SSL_CTX_new(TLS_client_method());
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, socket_);
    connected_ = SSL_connect(ssl_) == 1;
  }
  ~http_client() {
    if (ssl_ != nullptr) SSL_free(ssl_);
    if (context_ != nullptr) SSL_CTX_free(context_);
    ::close(socket_);
  }
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;

  bool connected() const { return connected_; }
  SSL* tls() const { return ssl_; }
  int socket() const { return socket_; }

  bool send(const std::string& bytes) {
    if (ssl_ != nullptr) {
      return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) > 0;
    }
    return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  void end_sending() { ::shutdown(socket_, SHUT_WR); }

  /// One more piece into the buffer; false at the end, or after two seconds of nothing.
  bool receive() {
    std::array<char, 16'384> piece{};
    const auto got = ssl_ != nullptr
                         ? SSL_read(ssl_, piece.data(), static_cast<int>(piece.size()))
                         : static_cast<int>(::recv(socket_, piece.data(), piece.size(), 0));
    if (got <= 0) return false;
    buffer_.append(piece.data(), static_cast<std::size_t>(got));
    return true;
  }

  /// Waits until `text` has come; what is before and with it is taken from the buffer.
  std::string until(const std::string& text) {
    std::size_t at = 0;
    while ((at = buffer_.find(text)) == std::string::npos) {
      if (!receive()) return {};
    }
    std::string out = buffer_.substr(0, at + text.size());
    buffer_.erase(0, out.size());
    return out;
  }

  http_answer answer(bool with_body = true) {
    http_answer out;
    out.head = until("\r\n\r\n");
    if (out.head.size() < 12) return out;
    out.status = std::stoi(out.head.substr(9, 3));
    const auto length = out.head.find("Content-Length: ");
    if (!with_body || length == std::string::npos) return out;
    const auto bytes = std::stoul(out.head.substr(length + 16));
    while (buffer_.size() < bytes && receive()) {
    }
    out.body = buffer_.substr(0, bytes);
    buffer_.erase(0, bytes);
    return out;
  }
  http_answer ask(const std::string& method, const std::string& path,
                  const std::string& headers = {}, const std::string& body = {}) {
    send(method + ' ' + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n" + body);
    return answer(method != "HEAD");
  }
  /// Whether the server ends the connection, whatever it still says.
  bool ended() {
    while (receive()) {
    }
    return errno != EAGAIN && errno != EWOULDBLOCK;
  }

 private:
  int socket_;
  bool connected_ = false;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  std::string buffer_;
};

}  // namespace callweir::test
