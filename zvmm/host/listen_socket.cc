#include "host/listen_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "host/unix_socket.h"

namespace zvmm {
namespace {

absl::StatusOr<Descriptor> Serve(Descriptor file, const sockaddr* address, socklen_t size,
                                 const std::string& words) {
  if (!file.is_valid()) {
    return absl::ErrnoToStatus(errno, "socket");
  }
  if (bind(file.get(), address, size) != 0 || listen(file.get(), 1) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot listen at ", words));
  }
  return file;
}

absl::StatusOr<Descriptor> ListenTcp(uint16_t port) {
  Descriptor file(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  if (file.is_valid()) {
    // A port that was in use a moment ago is as good as another.
    static_cast<void>(setsockopt(file.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
  }
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return Serve(std::move(file), reinterpret_cast<const sockaddr*>(&address), sizeof(address),
               absl::StrFormat("port %d of 127.0.0.1", port));
}

absl::StatusOr<Descriptor> ListenUnix(const std::string& path) {
  const auto address = UnixAddress(path);
  if (!address.ok()) {
    return address.status();
  }
  struct stat status = {};
  if (lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode) &&
      !ConnectUnixSocket(path).ok()) {
    // Left over. If it cannot be removed, bind() says what is wrong.
    static_cast<void>(unlink(path.c_str()));
  }
  return Serve(Descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
               reinterpret_cast<const sockaddr*>(&*address), sizeof(*address), path);
}

}  // namespace

absl::StatusOr<Descriptor> Listen(const ListenAddress& address) {
  return address.kind == ListenAddress::Kind::kTcp ? ListenTcp(address.port)
                                                   : ListenUnix(address.path);
}

}  // namespace zvmm
