/* SPDX-License-Identifier: MIT */
/* Little-endian numbers of 1 to 8 bytes, at any alignment. */
#ifndef NVVGPU_UTIL_LE_H
#define NVVGPU_UTIL_LE_H

#include <stdint.h>

static inline uint64_t le_get(const uint8_t *at, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | at[bytes];
	return value;
}

static inline void le_put(uint8_t *at, unsigned int bytes, uint64_t value)
{
	for (; bytes; bytes--, value >>= 8)
		*at++ = (uint8_t)value;
}

#endif
