/* SPDX-License-Identifier: MIT */
/* Scope-bound cleanup for locals. */
#ifndef NVVGPU_UTIL_CLEANUP_H
#define NVVGPU_UTIL_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define __cleanup(f) __attribute__((cleanup(f)))

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define __cleanup_free	__cleanup(cleanup_free)
#define __cleanup_fd	__cleanup(cleanup_close)

/* Moves ownership out of a cleanup variable. */
#define take_ptr(p)				\
	({					\
		__typeof__(p) _taken = (p);	\
		(p) = NULL;			\
		_taken;				\
	})

#define take_fd(fd)			\
	({				\
		int _taken = (fd);	\
		(fd) = -1;		\
		_taken;			\
	})

#endif
