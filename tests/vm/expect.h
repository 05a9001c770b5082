/* SPDX-License-Identifier: MIT */
/* What the test programs say of what is wrong, in a line of TAP: it ends the process. */
#ifndef NVVGPU_TESTS_VM_EXPECT_H
#define NVVGPU_TESTS_VM_EXPECT_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static inline void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
	fflush(stdout);
	_exit(1);
}

#define expect(condition)							\
	do {									\
		if (!(condition))						\
			fail("%s:%d: %s (errno %d)", __FILE__, __LINE__, #condition, errno); \
	} while (0)

#define expect_eq(got, wanted)							\
	do {									\
		unsigned long long _got = (got), _wanted = (wanted);		\
		if (_got != _wanted)						\
			fail("%s:%d: %s is 0x%llx, not 0x%llx", __FILE__, __LINE__, #got, _got,	\
			     _wanted); \
	} while (0)

/* The call fails with this errno. */
#define expect_errno(call, wanted)						\
	do {									\
		errno = 0;							\
		if ((call) != -1 || errno != (wanted))				\
			fail("%s:%d: %s: errno %d, not %d", __FILE__, __LINE__, #call, errno, wanted); \
	} while (0)

#endif
