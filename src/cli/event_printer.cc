#include "src/cli/event_printer.h"

#include <cstdio>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "src/cli/job_text.h"
#include "src/cli/print.h"

namespace flxlink::cli {
namespace {

void ShowProgress(const Job& job, ProgressLine& line) {
  line.Show(absl::StrCat(ToString(job.kind), ": ", DescribeProgress(job.progress)));
}

}  // namespace

EventPrinter::EventPrinter(std::unique_ptr<EventStream> stream, ProgressLine& line)
    : stream_(std::move(stream)), line_(line), thread_([this] {
        PrintUntilEnd({absl::InfiniteFuture(), &finish_});
      }) {}

void EventPrinter::Finish() {
  finish_.Cancel();
  if (thread_.joinable()) thread_.join();
  PrintUntilEnd({absl::InfinitePast(), nullptr});  // What the thread has left.
  line_.Erase();
}

void EventPrinter::PrintUntilEnd(const Call& call) {
  for (absl::StatusOr<Event> event = stream_->Next(call); event.ok(); event = stream_->Next(call)) Print(*event);
}

void EventPrinter::Print(const Event& event) {
  if (event.kind == EventKind::kJobProgress) ShowProgress(event.job, line_);
  if (event.kind != EventKind::kTrouble) return;
  line_.Erase();
  std::fprintf(stderr, "flxlink: %s\n", OneLine(absl::StrCat(event.where, ": ", event.problem.message)).c_str());
}

}  // namespace flxlink::cli
