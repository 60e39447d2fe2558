#include "dashboard/privileges.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/service_user.hpp"

namespace callweir::dashboard {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t files_max = 1'000;
constexpr const char* usual_folder = "/var/lib/callweir";
constexpr const char* make_user = "systemd-sysusers, or useradd --system callweir, then restart";

/// Closes itself.
struct folder_handle {
  int fd = -1;
  ~folder_handle() {
    if (fd >= 0) ::close(fd);
  }
};

std::string still_root(const std::string& why, const std::string& mend) {
  return "runs as root: " + why + " (" + mend + ")";
}

/// What Callweir makes beside its database.
bool is_ours(const std::string& name, const std::string& database) {
  constexpr std::array others{"accounts.db", "setup-code", "dashboard.pem", "dashboard.key"};
  return name.starts_with(database) ||
         std::any_of(others.begin(), others.end(),
                     [&](const char* one) { return name.starts_with(one); });
}

/// Files of ours in the store's folder. `only`: nullopt where it holds anything else.
std::optional<std::vector<std::string>> files_of(const fs::path& store, bool only) {
  std::vector<std::string> out;
  std::error_code failed;
  for (fs::directory_iterator at(store.parent_path(), failed), end; !failed && at != end;
       at.increment(failed)) {
    const auto name = at->path().filename().string();
    const bool ours = is_ours(name, store.filename().string());
    if ((!ours && only) || out.size() >= files_max) return std::nullopt;
    if (ours) out.push_back(name);
  }
  return failed ? std::nullopt : std::optional(out);
}

/// Only plain files of root's with one name: nobody's link leads elsewhere.
bool hand_over(int folder, const std::vector<std::string>& names, const service_user& to) {
  for (const auto& name : names) {
    const folder_handle file{::openat(folder, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
    struct stat about {};
    if (file.fd < 0 || ::fstat(file.fd, &about) != 0) continue;  // has gone
    if (!S_ISREG(about.st_mode) || about.st_nlink != 1 || about.st_uid != 0) continue;
    if (::fchownat(file.fd, "", to.uid, to.gid, AT_EMPTY_PATH) != 0) return false;
  }
  return ::fchown(folder, to.uid, to.gid) == 0;
}

/// What the kernel forgets whenever the user changes: that the parent's death is told.
class parent_watch {
 public:
  parent_watch() { ::prctl(PR_GET_PDEATHSIG, &signal_); }
  /// False: it has died meanwhile.
  bool resume() const {
    if (signal_ == 0) return true;
    ::prctl(PR_SET_PDEATHSIG, signal_);
    return ::getppid() == parent_;
  }

 private:
  pid_t parent_ = ::getppid();
  int signal_ = 0;
};

/// As that user, for a moment: may it do `how` (access(2)) with `folder`?
bool within_reach(const service_user& user, const std::string& folder, int how) {
  // Root's groups open doors that will be shut afterwards.
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
  const bool became = ::getgroups(static_cast<int>(groups.size()), groups.data()) >= 0 &&
                      ::setgroups(0, nullptr) == 0 && ::setegid(user.gid) == 0 &&
                      ::seteuid(user.uid) == 0;
  const bool may = became && ::faccessat(AT_FDCWD, folder.c_str(), how, AT_EACCESS) == 0;
  const bool back =
      ::seteuid(0) == 0 && ::setegid(0) == 0 && ::setgroups(groups.size(), groups.data()) == 0;
  return may && back;
}

/// capset(2), of which the C library has no wrapper.
bool keep_only(std::uint32_t capabilities) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  data[0].effective = data[0].permitted = capabilities;
  return ::syscall(SYS_capset, &header, data.data()) == 0;
}

result<void> become(const service_user& user, bool low_port) {
  if (low_port) ::prctl(PR_SET_KEEPCAPS, 1);
  const bool changed = ::setgroups(0, nullptr) == 0 &&
                       ::setresgid(user.gid, user.gid, user.gid) == 0 &&
                       ::setresuid(user.uid, user.uid, user.uid) == 0 &&
                       keep_only(low_port ? 1U << CAP_NET_BIND_SERVICE : 0U);
  if (!changed || ::setuid(0) == 0) {
    return fail(std::string("root cannot be given up: ") + std::strerror(errno), service_user_name);
  }
  return {};
}

}  // namespace

result<std::string> give_up_root(const privileges_wanted& wanted) {
  if (::geteuid() != 0) return "runs as uid " + std::to_string(::geteuid());
  const auto user = find_service_user();
  if (!user) return still_root("there is no user 'callweir'", make_user);
  const fs::path store = fs::absolute(wanted.store);
  const std::string folder = store.parent_path().string();
  const folder_handle opened{
      ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  struct stat about {};
  if (opened.fd < 0 || ::fstat(opened.fd, &about) != 0) {
    return still_root(folder + " cannot be opened as a folder", "see store.sqlite");
  }
  if (about.st_uid != 0 && about.st_uid != user->uid) {
    return still_root(folder + " belongs to somebody else", "give the store a folder of its own");
  }
  if (about.st_uid == 0 && (about.st_mode & S_IWOTH) != 0) {
    return still_root(folder + " is everybody's", "give the store a folder of its own");
  }
  // The usual folder is ours whatever an administrator has put beside. The name alone tells
  // nothing: /etc/callweir is what the engine, which is root, believes in.
  const bool known = about.st_uid == user->uid || folder == usual_folder;
  const auto names = files_of(store, !known);
  if (!names) {
    return still_root(folder + " holds other things, too", "give the store a folder of its own");
  }
  const parent_watch parent;
  const auto gone = [] { return fail("whoever started it has gone"); };
  const auto sockets = fs::absolute(wanted.control_socket).parent_path().string();
  const std::string socket = fs::absolute(wanted.control_socket).string();
  if (::access(socket.c_str(), F_OK) == 0 && !within_reach(*user, socket, R_OK | W_OK)) {
    if (!parent.resume()) return gone();
    return still_root(socket + " is not for user 'callweir' yet", "restart the appliance");
  }
  if (!within_reach(*user, sockets, X_OK) ||
      !within_reach(*user, store.parent_path().parent_path().string(), X_OK)) {
    if (!parent.resume()) return gone();
    return still_root("user 'callweir' reaches " + sockets + " or " + folder + " not",
                      "let others enter the folders above");
  }
  if (!hand_over(opened.fd, *names, *user)) {
    return fail(std::string("cannot be given to user 'callweir': ") + std::strerror(errno), folder);
  }
  if (auto done = become(*user, wanted.low_port); !done) return tl::unexpected(done.error());
  if (!parent.resume()) return gone();
  return std::string("runs as user callweir");
}

void confine() {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_DUMPABLE, 0);
  ::umask(0077);
}

}  // namespace callweir::dashboard
