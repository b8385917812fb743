/* What the compiler is told, in one place. */
#ifndef TP_COMPILER_H
#define TP_COMPILER_H

#if defined(__GNUC__)
#define TP_LIKELY(x) __builtin_expect(!!(x), 1)
#define TP_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define TP_NOINLINE __attribute__((noinline, cold))
#define TP_ALWAYS_INLINE static inline __attribute__((always_inline))
#else
#define TP_LIKELY(x) (x)
#define TP_UNLIKELY(x) (x)
#define TP_NOINLINE
#define TP_ALWAYS_INLINE static inline
#endif

#endif
