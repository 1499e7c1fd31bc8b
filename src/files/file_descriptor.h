// A file descriptor that is closed at the end of its life.

#ifndef FLXLINK_CSV_FILE_DESCRIPTOR_H_
#define FLXLINK_CSV_FILE_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace flxlink::files {

class FileDescriptor {
 public:
  // Takes what open() returned, -1 included.
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}

  FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  ~FileDescriptor() {
    if (valid()) close(descriptor_);
  }

  bool valid() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace flxlink::files

#endif  // FLXLINK_CSV_FILE_DESCRIPTOR_H_
