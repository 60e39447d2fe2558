#include "p2p/udp_node.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>

namespace callweir::p2p {
namespace {

constexpr int datagrams_per_wake_max = 256;

struct descriptor {
  int fd = -1;
  descriptor() = default;
  explicit descriptor(int f) : fd(f) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd >= 0) close(fd);
  }
};

/// Steady, anchored once to the wall clock: two nodes of one machine agree to microseconds.
class anchored_clock {
 public:
  time_point now() const {
    const auto gone = std::chrono::steady_clock::now() - steady_;
    return {std::chrono::duration_cast<nanoseconds>(wall_.time_since_epoch() + gone).count()};
  }

 private:
  std::chrono::system_clock::time_point wall_ = std::chrono::system_clock::now();
  std::chrono::steady_clock::time_point steady_ = std::chrono::steady_clock::now();
};

struct socket_address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

socket_address to_socket(const peer_address& from) {
  socket_address out;
  if (from.address.is_v4()) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(from.port);
    v4->sin_addr.s_addr = htonl(from.address.v4_bits());
    out.length = sizeof(sockaddr_in);
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(from.port);
    for (int i = 0; i < 8; ++i) {
      v6->sin6_addr.s6_addr[i] = static_cast<std::uint8_t>(from.address.high >> (56 - 8 * i));
      v6->sin6_addr.s6_addr[8 + i] = static_cast<std::uint8_t>(from.address.low >> (56 - 8 * i));
    }
    out.length = sizeof(sockaddr_in6);
  }
  return out;
}

peer_address from_socket(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    return {ip_address::v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
  return {ip_address::v6(v6.sin6_addr.s6_addr), ntohs(v6.sin6_port)};
}

tl::unexpected<node_failure> usage(error e) {
  return tl::unexpected<node_failure>({std::move(e), exit_usage});
}

tl::expected<int, node_failure> open_socket(const peer_address& listen) {
  socket_address address = to_socket(listen);
  const int fd = socket(address.storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return usage({std::strerror(errno), "--listen " + listen.text(), {}});
  if (bind(fd, address.get(), address.length) < 0) {
    const int why = errno;
    close(fd);
    const char* mend = why == EADDRINUSE      ? "choose another port, or 0 for any"
                       : why == EADDRNOTAVAIL ? "choose an address of this machine (ip address)"
                                              : "";
    return usage({std::strerror(why), "--listen " + listen.text(), mend});
  }
  return fd;
}

/// The loop around one endpoint.
class runner {
 public:
  runner(const node_options& options, endpoint& end, const anchored_clock& clock, int udp,
         int signals, std::FILE* out)
      : options_(options), end_(end), clock_(clock), udp_(udp), signals_(signals), out_(out) {}

  tl::expected<void, node_failure> run() {
    const descriptor poll(epoll_create1(EPOLL_CLOEXEC));
    for (const int fd : {udp_, signals_}) {
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.fd = fd;
      if (epoll_ctl(poll.fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        return usage({std::strerror(errno), "epoll", {}});
      }
    }
    const time_point began = clock_.now();
    if (options_.seconds > 0) stop_at_ = began + from_seconds(options_.seconds);
    flush();
    while (!finished_) step(poll.fd);
    end_.hang_up_all(clock_.now());
    flush();
    if (failure_) return tl::unexpected<node_failure>(*failure_);
    return {};
  }

 private:
  void step(int poll) {
    std::array<epoll_event, 2> ready;
    const int count = epoll_wait(poll, ready.data(), static_cast<int>(ready.size()), wait_ms());
    for (int i = 0; i < count; ++i) {
      if (ready[static_cast<std::size_t>(i)].data.fd == signals_) finished_ = true;
    }
    receive();
    end_.on_time(clock_.now());
    flush();
    if (stop_at_ && clock_.now() >= *stop_at_) finished_ = true;
  }

  int wait_ms() const {
    time_point until = end_.next_time();
    if (stop_at_) until = std::min(until, *stop_at_);
    const double ms = 1e3 * to_seconds(until - clock_.now());
    return static_cast<int>(std::clamp(ms + 0.5, 0.0, 1000.0));
  }

  void receive() {
    for (int i = 0; i < datagrams_per_wake_max; ++i) {
      sockaddr_storage from{};
      socklen_t length = sizeof(from);
      const ssize_t bytes = recvfrom(udp_, buffer_.data(), buffer_.size(), MSG_DONTWAIT,
                                     reinterpret_cast<sockaddr*>(&from), &length);
      if (bytes < 0 && errno == EAGAIN) return;
      // Others (an ICMP that came back) belong to one datagram and say nothing of the next.
      if (bytes <= 0) continue;
      end_.on_datagram(from_socket(from),
                       bytes_view(buffer_).first(static_cast<std::size_t>(bytes)), clock_.now());
    }
  }

  void flush() {
    for (const outgoing_datagram& d : end_.take_datagrams()) {
      socket_address to = to_socket(d.to);
      // What the socket refuses is lost as on any network; the receiver's statistics show it.
      (void)sendto(udp_, d.bytes.data(), d.bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL, to.get(),
                   to.length);
    }
    for (const endpoint_event& event : end_.take_events()) {
      fmt::print(out_, "{}\n", to_json(event, clock_.now()));
      if (std::fflush(out_) != 0) stop_without_statistics();
      note(event);
    }
  }

  /// A call that nobody can judge afterwards proves nothing.
  void stop_without_statistics() {
    finished_ = true;
    failure_ = {{std::strerror(errno), "--stats " + options_.stats, "make room there"},
                exit_failed};
  }

  void note(const endpoint_event& event) {
    if (!options_.call) return;
    if (event.what == endpoint_event::kind::connected && options_.seconds > 0) {
      stop_at_ = clock_.now() + from_seconds(options_.seconds);
    }
    if (event.what != endpoint_event::kind::ended) return;
    finished_ = true;
    if (event.why == call_session::ending::no_answer ||
        event.why == call_session::ending::connection_lost) {
      failure_ = {{ending_name(event.why), event.peer.text(),
                   "is `callweir-peer node` running there, with the same --network?"},
                  exit_failed};
    }
  }

  const node_options& options_;
  endpoint& end_;
  const anchored_clock& clock_;
  int udp_, signals_;
  std::FILE* out_;
  std::optional<time_point> stop_at_;
  bool finished_ = false;
  std::optional<node_failure> failure_;
  std::array<std::uint8_t, 2048> buffer_{};
};

int block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

}  // namespace

tl::expected<void, node_failure> run_node(const node_options& options) {
  std::vector<std::int16_t> speech;
  if (!options.speech.empty()) {
    auto read = read_speech(options.speech);
    if (!read) return usage(read.error());
    speech = std::move(*read);
  }
  auto opened = open_socket(options.listen);
  if (!opened) return tl::unexpected<node_failure>(opened.error());
  const descriptor udp(*opened);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      options.stats == "-" ? nullptr : std::fopen(options.stats.c_str(), "w"),
      [](std::FILE* f) { return f != nullptr ? std::fclose(f) : 0; });
  if (options.stats != "-" && !file) {
    return usage({std::strerror(errno), "--stats " + options.stats, {}});
  }
  std::FILE* const out = file ? file.get() : stdout;

  const descriptor signals(block_signals());
  const anchored_clock clock;
  endpoint end({network_key(options.network), speech, 0, from_seconds(options.patience_s)},
               system_random(), !options.call);
  sockaddr_storage bound{};
  socklen_t length = sizeof(bound);
  if (getsockname(udp.fd, reinterpret_cast<sockaddr*>(&bound), &length) < 0) {
    return usage({std::strerror(errno), "--listen", {}});
  }
  fmt::print(out, "{{\"type\":\"ready\",\"time\":{:.3f},\"listen\":\"{}\",\"pid\":{}}}\n",
             clock.now().seconds(), from_socket(bound).text(), getpid());
  if (std::fflush(out) != 0) {
    return tl::unexpected<node_failure>(
        {{std::strerror(errno), "--stats " + options.stats, "make room there"}, exit_failed});
  }
  if (options.call) {
    const auto call = end.call(*options.call, clock.now());
    if (!call) return usage(call.error());
  }
  return runner(options, end, clock, udp.fd, signals.fd, out).run();
}

}  // namespace callweir::p2p
