#include "tests/simulation/scheduler.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace flxlink::simulation {
namespace {

constexpr size_t kNoActor = static_cast<size_t>(-1);
thread_local size_t self = kNoActor;

// Stores number jobs and owners each in its own way.
bool IsOfAnId(absl::string_view line, size_t i) {
  while (i > 0 && absl::ascii_isdigit(line[i])) --i;
  const absl::string_view before = line.substr(0, i + 1);
  return absl::EndsWith(before, "job ") || absl::EndsWith(before, "owner ");
}

}  // namespace

Scheduler::Scheduler(uint64_t seed, std::ostream* trace) : random_(seed), trace_(trace), biased_(random_() % 4 == 0) {}

void Scheduler::Run(std::vector<Actor> actors) {
  for (const Actor& actor : actors) {
    Seat& seat = seats_.emplace_back();
    seat.name = actor.name;
    seat.rank = random_();
  }
  std::vector<std::thread> threads;
  for (size_t i = 0; i < actors.size(); ++i) {
    threads.emplace_back([this, i, &actors] {
      self = i;
      Await(i);
      actors[i].act();
      Leave();
    });
  }
  GiveTurn(Pick());
  {
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return all_gone_; });
  }
  for (std::thread& thread : threads) thread.join();
}

void Scheduler::Point(absl::string_view what) {
  Note(what);
  ++points_;
  if (self != kNoActor && random_() % 2 == 0) Switch();
}

void Scheduler::Note(absl::string_view what) {
  std::string line =
      absl::StrCat(absl::FormatTime("%d %H:%M:%E6S", now_, absl::UTCTimeZone()), " ",
                   self == kNoActor ? absl::string_view("-") : absl::string_view(seats_[self].name), " ", what);
  for (size_t i = 0; i < line.size(); ++i) {
    if (IsOfAnId(line, i)) continue;
    digest_ = (digest_ ^ static_cast<unsigned char>(line[i])) * 1099511628211u;
  }
  if (trace_ != nullptr) *trace_ << line << '\n';
  tail_.push_back(std::move(line));
  if (tail_.size() > kTail) tail_.pop_front();
}

void Scheduler::Sleep(absl::Duration duration, const Bell* bell, uint64_t heard) {
  // The time is in whole microseconds, as that of every clock.
  duration = absl::Ceil(duration, absl::Microseconds(1));
  if (self == kNoActor) {
    now_ += duration;
    return;
  }
  ++points_;
  Seat& seat = seats_[self];
  seat.wake_at = now_ + duration;
  seat.bell = bell;
  seat.heard = heard;
  seat.state = State::kAsleep;
  Switch();
}

void Scheduler::HearBells() {
  for (Seat& seat : seats_) {
    const bool is_rung = seat.state == State::kAsleep && seat.bell != nullptr && seat.bell->rings() != seat.heard;
    if (is_rung) seat.state = State::kReady;
  }
}

absl::Duration Scheduler::UpTo(absl::Duration most) {
  return absl::Milliseconds(static_cast<int64_t>(Choose(static_cast<uint64_t>(absl::ToInt64Milliseconds(most)) + 1)));
}

void Scheduler::Await(size_t seat) {
  std::unique_lock<std::mutex> lock(mutex_);
  seats_[seat].turn.wait(lock, [this, seat] { return turn_ == seat; });
}

void Scheduler::Leave() {
  seats_[self].state = State::kGone;
  GiveTurn(Pick());
}

size_t Scheduler::Pick() {
  HearBells();
  if (ReadySeats().empty()) PassTime();
  const std::vector<size_t> ready = ReadySeats();
  if (ready.empty()) return kNobody;
  if (!biased_ || random_() % 8 == 0) return ready[random_() % ready.size()];
  const size_t first = *std::max_element(ready.begin(), ready.end(),
                                         [this](size_t a, size_t b) { return seats_[a].rank < seats_[b].rank; });
  if (random_() % 64 == 0) seats_[first].rank = random_();
  return first;
}

std::vector<size_t> Scheduler::ReadySeats() {
  std::vector<size_t> ready;
  for (size_t i = 0; i < seats_.size(); ++i) {
    if (seats_[i].state == State::kReady) ready.push_back(i);
  }
  return ready;
}

void Scheduler::PassTime() {
  absl::Time first = absl::InfiniteFuture();
  const auto sleeps = [](const Seat& seat) { return seat.state == State::kAsleep; };
  for (const Seat& seat : seats_) {
    if (sleeps(seat)) first = std::min(first, seat.wake_at);
  }
  if (first == absl::InfiniteFuture()) return;
  now_ = std::max(now_, first);
  for (Seat& seat : seats_) {
    if (sleeps(seat) && seat.wake_at <= now_) seat.state = State::kReady;
  }
}

void Scheduler::Switch() {
  const size_t next = Pick();
  if (next == self) return;
  const size_t own = self;
  GiveTurn(next);
  Await(own);
}

void Scheduler::GiveTurn(size_t seat) {
  const std::lock_guard<std::mutex> lock(mutex_);
  turn_ = seat;
  all_gone_ = seat == kNobody;
  if (all_gone_) {
    done_.notify_one();
  } else {
    seats_[seat].turn.notify_one();
  }
}

}  // namespace flxlink::simulation
