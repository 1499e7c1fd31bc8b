#include "src/storage/sqlite/fork_closed_file.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace flxlink::sqlite {
namespace {

// Guards the list of files. A plain pthread mutex, since it is held across fork() and released on both sides of it.
pthread_mutex_t list_mutex = PTHREAD_MUTEX_INITIALIZER;
ForkClosedFile* list_head = nullptr;

struct flock ByteLock(short type, int64_t offset) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = offset;
  lock.l_len = 1;
  return lock;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ForkClosedFile>> ForkClosedFile::Open(const std::string& path) {
  // Not to wait for the other end where it is a pipe.
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
  if (descriptor < 0) return SystemError(errno, path);
  std::unique_ptr<ForkClosedFile> file(new ForkClosedFile(path, descriptor));
  struct stat info;
  if (fstat(descriptor, &info) != 0) return SystemError(errno, path);
  const absl::Status status = CheckRegular(path, info);
  if (!status.ok()) return status;
  file->held_ = {path, info.st_dev, info.st_ino};
  return file;
}

ForkClosedFile::ForkClosedFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {
  static const int registered = pthread_atfork([] { pthread_mutex_lock(&list_mutex); },
                                               [] { pthread_mutex_unlock(&list_mutex); }, &CloseAllInChild);
  static_cast<void>(registered);
  pthread_mutex_lock(&list_mutex);
  next_ = list_head;
  if (next_ != nullptr) next_->previous_ = this;
  list_head = this;
  pthread_mutex_unlock(&list_mutex);
}

ForkClosedFile::~ForkClosedFile() {
  pthread_mutex_lock(&list_mutex);
  (previous_ != nullptr ? previous_->next_ : list_head) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  pthread_mutex_unlock(&list_mutex);
  if (descriptor_ >= 0) close(descriptor_);
}

void ForkClosedFile::CloseAllInChild() {
  for (ForkClosedFile* file = list_head; file != nullptr; file = file->next_) {
    close(file->descriptor_);
    file->descriptor_ = -1;
  }
  pthread_mutex_unlock(&list_mutex);
}

absl::StatusOr<bool> ForkClosedFile::TryLock(int64_t offset) {
  struct flock lock = ByteLock(F_WRLCK, offset);
  if (fcntl(descriptor_, F_OFD_SETLK, &lock) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) return false;
  return SystemError(errno, path_);
}

absl::Status ForkClosedFile::Unlock(int64_t offset) {
  struct flock lock = ByteLock(F_UNLCK, offset);
  if (fcntl(descriptor_, F_OFD_SETLK, &lock) == 0) return absl::OkStatus();
  return SystemError(errno, path_);
}

absl::StatusOr<bool> ForkClosedFile::IsLocked(int64_t offset) const {
  struct flock lock = ByteLock(F_WRLCK, offset);
  if (fcntl(descriptor_, F_OFD_GETLK, &lock) != 0) return SystemError(errno, path_);
  return lock.l_type != F_UNLCK;
}

}  // namespace flxlink::sqlite
