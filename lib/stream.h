/* SPDX-License-Identifier: MIT */
/*
 * The state stream: doc/stream-format.md in C.  Writer and reader are plain
 * parsers that know neither devices nor vGPUs; they set the last error.
 */
#ifndef NVVGPU_LIB_STREAM_H
#define NVVGPU_LIB_STREAM_H

#include <string.h>
#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h>	/* the same functions, with AVX2 where the processor has it */
#else
#include <xxhash.h>
#endif
#include "internal.h"
#include "util/io.h"
#include "util/le.h"

#define STREAM_MAGIC		"\x89NVG\r\n\x1a\n"
#define STREAM_MAJOR		1
#define STREAM_MINOR		0
#define STREAM_HEADER_LEN	64
#define STREAM_RECORD_LEN	48
#define STREAM_TRAILER_LEN	64
#define STREAM_ESTIMATE_LEN	8
#define STREAM_ALIGN		8

#define STREAM_CHUNK_BYTES	(1u << 20)	/* what the writer makes */
#define STREAM_CHUNK_MAX	(16u << 20)	/* what the reader takes */
#define STREAM_IDENTITY_MAX	(64u << 10)
#define STREAM_STRING_MAX	1023

/* features a reader must know, or refuse */
#define STREAM_INCOMPAT_UNHASHED	(1u << 0)	/* the data carries no hashes */
#define STREAM_INCOMPAT_KNOWN		STREAM_INCOMPAT_UNHASHED

enum stream_tag {
	STREAM_TAG_IDENTITY = 1,
	STREAM_TAG_DATA = 2,
	STREAM_TAG_TRAILER = 3,
	STREAM_TAG_ESTIMATE = 4,	/* optional: how many device bytes are to be expected */
};

/* record flags: the lower half must be known, the upper half is advice */
#define STREAM_RECORD_OPTIONAL	(1u << 0)	/* may be skipped by who does not know its tag */
#define STREAM_RECORD_ZERO	(1u << 1)	/* raw_len zero bytes, none of them stored */
#define STREAM_RECORD_MUST	0x0000ffffu

enum stream_status {
	STREAM_COMPLETE = 1,
	STREAM_ABORTED = 2,
};

enum stream_item {	/* types of the items in the identity */
	STREAM_ITEM_BOARD_IDS = 1,
	STREAM_ITEM_BOARD_NAME = 2,
	STREAM_ITEM_TYPE_ID = 3,
	STREAM_ITEM_TYPE_NAME = 4,
	STREAM_ITEM_FRAMEBUFFER_BYTES = 5,
	STREAM_ITEM_DRIVER_VERSION = 6,
	STREAM_ITEM_FIRMWARE_VERSION = 7,
	STREAM_ITEM_FRAMEWORK = 8,
	STREAM_ITEM_VGPU_UUID = 9,
	STREAM_ITEM_PLACEMENT = 10,
	STREAM_ITEM_SOURCE_GPU = 11,
	STREAM_ITEM_TIME_NS = 12,
	STREAM_ITEM_LIBRARY_VERSION = 13,
	STREAM_ITEM_KERNEL_RELEASE = 14,
	STREAM_ITEM_MODE = 15,
	STREAM_ITEM_PARAMS = 16,
	STREAM_ITEM_OWNER = 17,
};
#define STREAM_ITEM_MANDATORY	(1u << 0)	/* item flag: who does not know it must refuse */

/* What a stream says of itself; strings are NULL when it does not say. */
struct nvvgpu_stream_info {
	uint32_t major, minor;
	uint32_t incompatible, compatible, ignorable;
	uint8_t stream_uuid[16];
	char stream_uuid_text[37];

	uint16_t board_ids[4];	/* vendor, device, subsystem vendor, subsystem device */
	uint32_t type_id;
	uint32_t placement;	/* UINT32_MAX: none */
	uint64_t framebuffer_bytes;
	uint64_t time_ns;
	uint8_t vgpu_uuid[16];
	char vgpu_uuid_text[37];
	char *board_name, *type_name, *driver_version, *firmware_version, *framework, *source_gpu,
		*library_version, *kernel_release, *mode, *params, *owner;

	bool verified;		/* read to the end, everything matched; then also: */
	uint64_t data_bytes, chunks;
};

/* ---------------------------------------------------- lib/stream_info.c */

int stream_info_new(struct nvvgpu_stream_info **ret);
/* Identity items to bytes (malloc'ed, a multiple of 8) and from bytes. */
int stream_info_encode(const struct nvvgpu_stream_info *info, uint8_t **ret, size_t *ret_len);
int stream_info_decode(struct nvvgpu_stream_info *info, const uint8_t *buf, size_t len);

static inline void cleanup_stream_info(struct nvvgpu_stream_info **info)
{
	nvvgpu_stream_info_free(*info);
}
#define __cleanup_stream_info __cleanup(cleanup_stream_info)

/* -------------------------------------------------- lib/stream_record.c */

struct stream_record {
	uint32_t tag, flags;
	uint64_t seq;		/* counts all records of a stream, from 0 */
	uint64_t raw_offset;	/* device bytes before this record */
	uint32_t raw_len;	/* device bytes it stands for; other tags: stored_len */
	uint32_t stored_len;	/* bytes that follow, then zeros up to the next multiple of 8 */
	uint64_t hash;		/* of the stored bytes; data: of all device bytes up to its end */
};

void stream_record_encode(const struct stream_record *record, uint8_t out[STREAM_RECORD_LEN]);
/* false: its own check does not match */
bool stream_record_decode(struct stream_record *record, const uint8_t in[STREAM_RECORD_LEN]);

/* What is counted and hashed on either side. */
struct stream_sum {
	XXH3_state_t *state;	/* NULL: unhashed */
	uint64_t seq, raw_bytes, stored_bytes, chunks;
};

int stream_sum_init(struct stream_sum *sum, bool hashed);
void stream_sum_fini(struct stream_sum *sum);
/* Takes in one data record; its hash. */
uint64_t stream_sum_data(struct stream_sum *sum, const void *buf, size_t len, size_t stored_len);

struct stream_trailer {
	uint32_t status;	/* enum stream_status */
	uint32_t reason;	/* enum nvvgpu_reason of an abort */
	uint64_t raw_bytes, stored_bytes, chunks;
	uint64_t records;	/* this one included */
	XXH128_hash_t hash;	/* of all device bytes; zero: unhashed */
};

/* What the trailer must say after all that was summed; status and reason are the caller's. */
void stream_trailer_fill(struct stream_trailer *trailer, const struct stream_sum *sum);
void stream_trailer_encode(const struct stream_trailer *trailer, uint8_t out[STREAM_TRAILER_LEN]);

/* --------------------------------------------------- lib/stream_write.c */

struct stream_writer {
	struct io *io;
	struct stream_sum sum;
	bool broken;		/* a write failed: nothing can follow */
};

/* Writes header and identity. */
int stream_writer_open(struct stream_writer *writer, struct io *io,
		       const struct nvvgpu_stream_info *info);
/* How many device bytes are to be expected. */
int stream_writer_estimate(struct stream_writer *writer, uint64_t bytes);
/* One chunk of at most STREAM_CHUNK_MAX device bytes. */
int stream_writer_data(struct stream_writer *writer, const void *buf, size_t len);
/* The trailer; reason (enum nvvgpu_reason) with STREAM_ABORTED. */
int stream_writer_end(struct stream_writer *writer, enum stream_status status,
		      enum nvvgpu_reason reason);
void stream_writer_close(struct stream_writer *writer);

/* ---------------------------------------------------- lib/stream_read.c */

struct stream_reader {
	struct io *io;
	struct nvvgpu_stream_info *info;
	struct stream_sum sum;
	uint64_t estimate_bytes;	/* 0: unknown, or not read yet */
	uint8_t *buf;
	size_t size;
	bool zero;		/* all of buf is zero */
};

/* Reads and checks header and identity, and not a byte more. */
int stream_reader_open(struct stream_reader *reader, struct io *io);
/*
 * The next checked chunk: *ret_len device bytes at *ret_data, valid until the
 * next call.  *ret_len is 0 at the end, when the trailer said complete and all
 * totals matched.
 */
int stream_reader_next(struct stream_reader *reader, const void **ret_data, size_t *ret_len);
void stream_reader_close(struct stream_reader *reader);

#endif
