// Hints to the processor that memory will be wanted soon. They change no result.

#ifndef FLXLINK_MODEL_PREFETCH_H_
#define FLXLINK_MODEL_PREFETCH_H_

namespace flxlink::model {

inline void PrefetchToRead(const void* memory) {
#if defined(__GNUC__)
  __builtin_prefetch(memory, 0);
#else
  (void)memory;
#endif
}

inline void PrefetchToWrite(const void* memory) {
#if defined(__GNUC__)
  __builtin_prefetch(memory, 1);
#else
  (void)memory;
#endif
}

}  // namespace flxlink::model

#endif  // FLXLINK_MODEL_PREFETCH_H_
