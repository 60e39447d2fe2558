#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <thread>

#include "base/control_socket.hpp"
#include "base/unix_listener.hpp"

namespace callweir::control {
namespace {

using clock = std::chrono::steady_clock;

struct connection {
  int fd = -1;
  peer who;
  frame_reader reader{request_bytes_max};
  std::string out;  // what the client has not read yet
  std::size_t sent = 0;
  clock::time_point active;  // last byte either way
  bool done = false;         // close it

  bool writing() const { return sent < out.size(); }
};

}  // namespace

struct server::impl {
  options settings;
  handler handle;
  std::optional<unix_listener> listener;
  int wake = -1;
  std::vector<connection> connections;  // at most clients_max
  std::thread thread;

  void serve();
  void admit();
  void read_from(connection& c);
  void answer(connection& c, std::string_view request);
  void answer_pending(connection& c);
  static void write_to(connection& c);
  void drop_finished(clock::time_point now);
};

void server::impl::admit() {
  const int fd = listener->accept();
  if (fd < 0) return;
  if (connections.size() >= clients_max) {
    const auto oldest = std::min_element(connections.begin(), connections.end(),
                                         [](auto& a, auto& b) { return a.active < b.active; });
    ::close(oldest->fd);
    connections.erase(oldest);
  }
  connection& c = connections.emplace_back();
  c.fd = fd;
  c.active = clock::now();
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
    c.who = {credentials.uid, credentials.pid};
  }
}

void server::impl::answer(connection& c, std::string_view request) {
  reply got = handle(request, c.who);
  std::size_t total = 0;
  for (const auto& record : got.records) total += record.size();
  if (total > reply_bytes_max - (1U << 20)) {
    got = reply::refused({"the answer would be too long", {}, "ask for less"});
  }
  std::size_t unread = 0;
  for (const auto& other : connections) unread += other.out.size();
  if (unread + total > unread_bytes_max)
    got = reply::refused({"too many answers wait to be read", {}, "try again in a moment"});
  for (const auto& record : got.records) append_frame(c.out, record);
  append_frame(
      c.out, got.end.exit == exit_done ? done_frame() : error_frame(got.end.problem, got.end.exit));
}

void server::impl::read_from(connection& c) {
  char buffer[65'536];
  const ssize_t n = ::recv(c.fd, buffer, sizeof buffer, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    c.done = true;
    return;
  }
  c.active = clock::now();
  c.reader.feed({buffer, static_cast<std::size_t>(n)});
  answer_pending(c);
}

/// One request at a time: the next is read when the answer has left, which bounds `out`.
void server::impl::answer_pending(connection& c) {
  std::string request;
  while (!c.writing() && !c.done && c.reader.next(request)) {
    answer(c, request);
    write_to(c);
  }
  if (c.reader.failed() && !c.done) {
    append_frame(c.out,
                 error_frame({"the request is empty or longer than 1 MB", {}, {}}, exit_usage));
    write_to(c);
    c.done = true;
  }
}

void server::impl::write_to(connection& c) {
  while (c.writing()) {
    const ssize_t n = ::send(c.fd, c.out.data() + c.sent, c.out.size() - c.sent, MSG_NOSIGNAL);
    if (n > 0) {
      c.sent += static_cast<std::size_t>(n);
      c.active = clock::now();
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else {
      c.done = c.done || errno != EAGAIN;
      return;
    }
  }
  c.out.clear();
  c.out.shrink_to_fit();
  c.sent = 0;
}

void server::impl::drop_finished(clock::time_point now) {
  std::erase_if(connections, [&](const connection& c) {
    if (!c.done && now - c.active < settings.patience) return false;
    ::close(c.fd);
    return true;
  });
}

void server::impl::serve() {
  std::vector<pollfd> watched;
  for (;;) {
    watched.assign({{wake, POLLIN, 0}, {listener->fd(), POLLIN, 0}});
    for (const auto& c : connections) {
      watched.push_back({c.fd, static_cast<short>(c.writing() ? POLLOUT : POLLIN), 0});
    }
    if (::poll(watched.data(), watched.size(), 1000) < 0 && errno != EINTR) return;
    if (watched[0].revents != 0) return;
    for (std::size_t i = 2; i < watched.size(); ++i) {
      connection& c = connections[i - 2];
      if (watched[i].revents == 0) continue;
      if (!c.writing()) {
        read_from(c);
        continue;
      }
      write_to(c);
      answer_pending(c);  // what came while we were writing
    }
    drop_finished(clock::now());
    if (watched[1].revents != 0) admit();
  }
}

result<std::unique_ptr<server>> server::start(options options, handler handle) {
  auto listener = unix_listener::open(options.path, options.mode);
  if (!listener) return tl::unexpected(listener.error());
  auto made = std::make_unique<impl>();
  made->settings = std::move(options);
  made->handle = std::move(handle);
  made->listener.emplace(std::move(*listener));
  made->connections.reserve(clients_max);
  made->wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  made->thread = std::thread([raw = made.get()] { raw->serve(); });
  return std::unique_ptr<server>(new server(std::move(made)));
}

server::server(std::unique_ptr<impl> made) : impl_(std::move(made)) {}

server::~server() {
  const std::uint64_t one = 1;
  (void)!::write(impl_->wake, &one, sizeof one);
  impl_->thread.join();
  for (const auto& c : impl_->connections) ::close(c.fd);
  ::close(impl_->wake);
}

}  // namespace callweir::control
