// zircon/thread_annotations.h: Clang's thread safety analysis under still shorter names.
//
//   class TA_CAP("mutex") Mutex;
//   int count TA_GUARDED(mutex);
//
// They are those of <zircon/compiler.h>; the program's own definitions stay.
//
// Contract: COMPILER.

#ifndef ZIRCON_THREAD_ANNOTATIONS_H_
#define ZIRCON_THREAD_ANNOTATIONS_H_

#include <zircon/compiler.h>

// As __TA_* of <zircon/compiler.h>; nothing to GCC.
#ifndef TA_CAP
#define TA_CAP(name) __TA_CAPABILITY(name)
#endif
#ifndef TA_GUARDED
#define TA_GUARDED(capability) __TA_GUARDED(capability)
#endif
#ifndef TA_PT_GUARDED
#define TA_PT_GUARDED(capability) __TA_PT_GUARDED(capability)
#endif
#ifndef TA_ACQ
#define TA_ACQ(...) __TA_ACQUIRE(__VA_ARGS__)
#endif
#ifndef TA_ACQ_SHARED
#define TA_ACQ_SHARED(...) __TA_ACQUIRE_SHARED(__VA_ARGS__)
#endif
#ifndef TA_ACQ_BEFORE
#define TA_ACQ_BEFORE(...) __TA_ACQUIRED_BEFORE(__VA_ARGS__)
#endif
#ifndef TA_ACQ_AFTER
#define TA_ACQ_AFTER(...) __TA_ACQUIRED_AFTER(__VA_ARGS__)
#endif
#ifndef TA_TRY_ACQ
#define TA_TRY_ACQ(...) __TA_TRY_ACQUIRE(__VA_ARGS__)
#endif
#ifndef TA_TRY_ACQ_SHARED
#define TA_TRY_ACQ_SHARED(...) __TA_TRY_ACQUIRE_SHARED(__VA_ARGS__)
#endif
#ifndef TA_REL
#define TA_REL(...) __TA_RELEASE(__VA_ARGS__)
#endif
#ifndef TA_REL_SHARED
#define TA_REL_SHARED(...) __TA_RELEASE_SHARED(__VA_ARGS__)
#endif
#ifndef TA_REQ
#define TA_REQ(...) __TA_REQUIRES(__VA_ARGS__)
#endif
#ifndef TA_REQ_SHARED
#define TA_REQ_SHARED(...) __TA_REQUIRES_SHARED(__VA_ARGS__)
#endif
#ifndef TA_EXCL
#define TA_EXCL(...) __TA_EXCLUDES(__VA_ARGS__)
#endif
#ifndef TA_ASSERT
#define TA_ASSERT(...) __TA_ASSERT(__VA_ARGS__)
#endif
#ifndef TA_ASSERT_SHARED
#define TA_ASSERT_SHARED(...) __TA_ASSERT_SHARED(__VA_ARGS__)
#endif
#ifndef TA_RET_CAP
#define TA_RET_CAP(capability) __TA_RETURN_CAPABILITY(capability)
#endif
#ifndef TA_SCOPED_CAP
#define TA_SCOPED_CAP __TA_SCOPED_CAPABILITY
#endif
#ifndef TA_NO_THREAD_SAFETY_ANALYSIS
#define TA_NO_THREAD_SAFETY_ANALYSIS __TA_NO_THREAD_SAFETY_ANALYSIS
#endif

#endif  // ZIRCON_THREAD_ANNOTATIONS_H_
