// SPDX-License-Identifier: MIT
/*
 * Bytes from nowhere as a state stream: inspected, then verified.  The first
 * byte says whether they come as they are or with all checksums put right, so
 * that what lies behind the checksums is reached too.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The hash that a record should have had. */
static uint64_t right_hash(const struct stream_record *record, const uint8_t *payload,
			   struct stream_sum *sum)
{
	static const uint8_t zeros[STREAM_CHUNK_BYTES];
	bool zero = record->flags & STREAM_RECORD_ZERO;

	if (record->tag != STREAM_TAG_DATA)
		return XXH3_64bits(payload, record->stored_len);
	if (!zero)
		return stream_sum_data(sum, payload, record->stored_len, record->stored_len);
	if (record->raw_len > sizeof(zeros))
		return 0;
	return stream_sum_data(sum, zeros, record->raw_len, 0);
}

static void repair(uint8_t *at, size_t left)
{
	struct stream_record record;
	struct stream_sum sum;

	if (left < STREAM_HEADER_LEN)
		return;
	if (stream_sum_init(&sum, !(le_get(at + 20, 4) & STREAM_INCOMPAT_UNHASHED)))
		abort();
	le_put(at + 56, 8, XXH3_64bits(at, 56));
	at += STREAM_HEADER_LEN;
	left -= STREAM_HEADER_LEN;
	while (left >= STREAM_RECORD_LEN) {
		size_t whole;

		le_put(at + 40, 8, XXH3_64bits(at, 40));
		if (!stream_record_decode(&record, at))
			abort();
		whole = STREAM_RECORD_LEN + (size_t)record.stored_len +
			-record.stored_len % STREAM_ALIGN;
		if (whole > left)
			break;
		record.hash = right_hash(&record, at + STREAM_RECORD_LEN, &sum);
		stream_record_encode(&record, at);
		at += whole;
		left -= whole;
	}
	stream_sum_fini(&sum);
}

static int fill_file(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("stream", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	__cleanup_free uint8_t *copy = NULL;
	struct nvvgpu_stream_info *info = NULL;
	int fd;

	if (size < 1)
		return 0;
	copy = malloc(size);
	memcpy(copy, data, size);
	if (copy[0] & 1)
		repair(copy + 1, size - 1);
	fd = fill_file(copy + 1, size - 1);

	lseek(fd, 0, SEEK_SET);
	if (nvvgpu_migrate_inspect(fd, NULL, &info) == 0 && !nvvgpu_stream_info_get_type_name(info))
		abort();
	nvvgpu_stream_info_free(info);
	info = NULL;

	lseek(fd, 0, SEEK_SET);
	if (nvvgpu_migrate_verify(fd, NULL, &info) == 0) {
		if (!nvvgpu_stream_info_is_verified(info))
			abort();
		if ((size_t)lseek(fd, 0, SEEK_CUR) > size - 1)
			abort();
	} else if (info || nvvgpu_error_get_reason(nvvgpu_last_error()) == NVVGPU_REASON_NONE) {
		abort();
	}
	nvvgpu_stream_info_free(info);
	return 0;
}
