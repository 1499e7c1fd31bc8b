// Lets actors, each on a thread of its own, run one at a time, in simulated time: at each point the seed chooses who
// goes on. Whoever runs has everything to himself until his next point, so nothing here and in what the actors share
// needs a lock.

#ifndef FLXLINK_TESTS_SIMULATION_SCHEDULER_H_
#define FLXLINK_TESTS_SIMULATION_SCHEDULER_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "flxlink/bell.h"

namespace flxlink::simulation {

struct Actor {
  std::string name;
  std::function<void()> act;
};

class Scheduler {
 public:
  // A history that is longer than that does not end.
  static constexpr int64_t kMaxPoints = 150000;
  // Lines of the trace that are kept.
  static constexpr size_t kTail = 60;

  // `trace`: where what happens is written, if anywhere. Must outlive this.
  explicit Scheduler(uint64_t seed, std::ostream* trace = nullptr);

  // Runs all actors until each has returned. Time passes only while all of them sleep.
  void Run(std::vector<Actor> actors);

  // -- Of an actor, or of nobody before Run.

  // Somebody else may go first.
  void Point(absl::string_view what);
  // Only for the trace.
  void Note(absl::string_view what);
  void Sleep(absl::Duration duration) { Sleep(duration, nullptr, 0); }
  // The same, but once the bell was rung more often than `heard` it may go on.
  void SleepUnless(const Bell& bell, uint64_t heard, absl::Duration duration) { Sleep(duration, &bell, heard); }

  // A number below n that the seed chooses.
  uint64_t Choose(uint64_t n) { return random_() % n; }
  bool Happens(double rate) { return static_cast<double>(random_() >> 11) * 0x1.0p-53 < rate; }
  // Up to that long, in whole milliseconds.
  absl::Duration UpTo(absl::Duration most);

  // The true time.
  absl::Time now() const { return now_; }
  int64_t points() const { return points_; }
  bool exhausted() const { return points_ > kMaxPoints; }
  // Of all that happened so far, the ids of jobs and owners left out.
  uint64_t digest() const { return digest_; }
  const std::deque<std::string>& tail() const { return tail_; }

 private:
  enum class State { kReady, kAsleep, kGone };
  struct Seat {
    std::string name;
    State state = State::kReady;
    // Of one that is asleep. No bell: it sleeps until then.
    absl::Time wake_at;
    const Bell* bell = nullptr;
    uint64_t heard = 0;
    uint64_t rank = 0;
    std::condition_variable turn;
  };
  static constexpr size_t kNobody = static_cast<size_t>(-1);

  void Sleep(absl::Duration duration, const Bell* bell, uint64_t heard);
  // Those whose bell was rung are ready.
  void HearBells();
  void Await(size_t seat);
  void Leave();
  // Who goes on; kNobody: all are gone. Lets time pass where all of them sleep.
  size_t Pick();
  std::vector<size_t> ReadySeats();
  // The time at which the first sleeper wakes has come.
  void PassTime();
  void Switch();
  void GiveTurn(size_t seat);

  std::mt19937_64 random_;
  std::ostream* const trace_;
  // Some seeds prefer the same actors for a while, which finds what even chances do not.
  const bool biased_;
  std::deque<Seat> seats_;
  std::mutex mutex_;
  std::condition_variable done_;
  size_t turn_ = kNobody;
  bool all_gone_ = false;
  absl::Time now_ = absl::FromUnixSeconds(1767225600);
  int64_t points_ = 0;
  uint64_t digest_ = 14695981039346656037u;
  std::deque<std::string> tail_;
};

}  // namespace flxlink::simulation

#endif  // FLXLINK_TESTS_SIMULATION_SCHEDULER_H_
