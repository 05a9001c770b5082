// SPDX-License-Identifier: MIT
/* The state stream without a device: round trip, every kind of damage, every kind of descriptor. */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "stream.h"

#define STREAM_MAX 8192

struct bytes {
	uint8_t at[STREAM_MAX];
	size_t len;
};

/* ---------------------------------------------------------------- building */

static struct nvvgpu_stream_info *sample_info(bool hashed)
{
	struct nvvgpu_stream_info *info;

	ck_assert_int_eq(stream_info_new(&info), 0);
	info->incompatible = hashed ? 0 : STREAM_INCOMPAT_UNHASHED;
	memset(info->stream_uuid, 0x5a, 16);
	memcpy(info->board_ids, (uint16_t[]){ 0x10de, 0x26b5, 0x10de, 0x169d }, 8);
	info->type_id = 1145;
	info->framebuffer_bytes = 1u << 30;
	info->time_ns = 1700000000000000000;
	memset(info->vgpu_uuid, 0xa5, 16);
	info->board_name = strdup("NVIDIA L40");
	info->type_name = strdup("NVIDIA L40-1B");
	info->driver_version = strdup("0.1.0");
	info->firmware_version = strdup("535.113.01");
	info->params = strdup("frame_rate_limiter=0");
	return info;
}

static const uint8_t first_chunk[24] = "the first piece of state";
static const uint8_t zero_chunk[64];
static const uint8_t last_chunk[13] = "and the last";

static void write_chunks(struct stream_writer *writer)
{
	ck_assert_int_eq(stream_writer_data(writer, first_chunk, sizeof(first_chunk)), 0);
	ck_assert_int_eq(stream_writer_data(writer, zero_chunk, sizeof(zero_chunk)), 0);
	ck_assert_int_eq(stream_writer_data(writer, last_chunk, sizeof(last_chunk)), 0);
}

static void write_stream(struct io *io, const struct nvvgpu_stream_info *info,
			 enum stream_status status)
{
	struct stream_writer writer;

	ck_assert_int_eq(stream_writer_open(&writer, io, info), 0);
	write_chunks(&writer);
	ck_assert_int_eq(stream_writer_end(&writer, status,
					   status == STREAM_ABORTED ? NVVGPU_REASON_CANCELLED : 0),
			 0);
	stream_writer_close(&writer);
}

static int memory_file(const void *data, size_t len)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, data, len, 0), (ssize_t)len);
	return fd;
}

static struct bytes build_as(const struct nvvgpu_stream_info *info, enum stream_status status)
{
	struct bytes bytes = { .len = 0 };
	int fd = memory_file("", 0);
	struct io io;
	ssize_t n;

	ck_assert_int_eq(io_open(&io, fd, true, NULL, NULL), 0);
	write_stream(&io, info, status);
	io_close(&io);
	n = pread(fd, bytes.at, sizeof(bytes.at), 0);
	ck_assert(n > 0 && n < (ssize_t)sizeof(bytes.at));
	bytes.len = (size_t)n;
	close(fd);
	return bytes;
}

static struct bytes build(bool hashed)
{
	struct nvvgpu_stream_info *info = sample_info(hashed);
	struct bytes bytes = build_as(info, STREAM_COMPLETE);

	nvvgpu_stream_info_free(info);
	return bytes;
}

/* -------------------------------------------------------- taking it to pieces */

/* Where the nth record begins. */
static size_t record_at(const struct bytes *bytes, unsigned int nth)
{
	size_t at = STREAM_HEADER_LEN;
	struct stream_record record;

	while (nth--) {
		ck_assert(stream_record_decode(&record, bytes->at + at));
		at += STREAM_RECORD_LEN + record.stored_len + -record.stored_len % STREAM_ALIGN;
	}
	return at;
}

static struct stream_record get_record(const struct bytes *bytes, unsigned int nth)
{
	struct stream_record record;

	ck_assert(stream_record_decode(&record, bytes->at + record_at(bytes, nth)));
	return record;
}

static void put_record(struct bytes *bytes, unsigned int nth, const struct stream_record *record)
{
	stream_record_encode(record, bytes->at + record_at(bytes, nth));
}

static void seal_header(struct bytes *bytes)
{
	le_put(bytes->at + 56, 8, XXH3_64bits(bytes->at, 56));
}

static int verify(const void *data, size_t len, int *ret_reason)
{
	int fd = memory_file(data, len);
	int err = nvvgpu_migrate_verify(fd, NULL, NULL);

	*ret_reason = err ? nvvgpu_error_get_reason(nvvgpu_last_error()) : NVVGPU_REASON_NONE;
	close(fd);
	return err;
}

static void assert_refused(const struct bytes *bytes, int reason)
{
	int got;

	ck_assert_int_eq(verify(bytes->at, bytes->len, &got), -EBADMSG);
	ck_assert_int_eq(got, reason);
}

static void assert_accepted(const struct bytes *bytes)
{
	int reason;

	ck_assert_int_eq(verify(bytes->at, bytes->len, &reason), 0);
}

/* ------------------------------------------------------------------ contents */

START_TEST(test_round_trip)
{
	struct nvvgpu_stream_info *info;
	struct bytes bytes = build(true);
	int fd = memory_file(bytes.at, bytes.len);

	ck_assert_int_eq(nvvgpu_migrate_inspect(fd, NULL, &info), 0);
	ck_assert(!nvvgpu_stream_info_is_verified(info));
	ck_assert_uint_eq(nvvgpu_stream_info_get_data_bytes(info), 0);
	nvvgpu_stream_info_free(info);

	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(nvvgpu_migrate_verify(fd, NULL, &info), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), (off_t)bytes.len);
	ck_assert(nvvgpu_stream_info_is_verified(info));
	ck_assert(nvvgpu_stream_info_has_checksums(info));
	ck_assert_uint_eq(nvvgpu_stream_info_get_format_major(info), 1);
	ck_assert_uint_eq(nvvgpu_stream_info_get_format_minor(info), 0);
	ck_assert_uint_eq(nvvgpu_stream_info_get_chunks(info), 3);
	ck_assert_uint_eq(nvvgpu_stream_info_get_data_bytes(info), 24 + 64 + 13);
	ck_assert_uint_eq(nvvgpu_stream_info_get_type_id(info), 1145);
	ck_assert_uint_eq(nvvgpu_stream_info_get_device_id(info), 0x26b5);
	ck_assert_uint_eq(nvvgpu_stream_info_get_framebuffer_bytes(info), 1u << 30);
	ck_assert_uint_eq(nvvgpu_stream_info_get_time_ns(info), 1700000000000000000);
	ck_assert_str_eq(nvvgpu_stream_info_get_type_name(info), "NVIDIA L40-1B");
	ck_assert_str_eq(nvvgpu_stream_info_get_board_name(info), "NVIDIA L40");
	ck_assert_str_eq(nvvgpu_stream_info_get_driver_version(info), "0.1.0");
	ck_assert_str_eq(nvvgpu_stream_info_get_firmware_version(info), "535.113.01");
	ck_assert_str_eq(nvvgpu_stream_info_get_vgpu_uuid(info),
			 "a5a5a5a5-a5a5-a5a5-a5a5-a5a5a5a5a5a5");
	ck_assert_str_eq(nvvgpu_stream_info_get_stream_uuid(info),
			 "5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a5a");
	ck_assert_ptr_null(nvvgpu_stream_info_get_source_gpu(info));
	nvvgpu_stream_info_free(info);
	close(fd);
}
END_TEST

START_TEST(test_chunks_come_back)
{
	struct bytes bytes = build(true);
	int fd = memory_file(bytes.at, bytes.len);
	struct stream_reader reader;
	const void *data;
	struct io io;
	size_t len;

	ck_assert_int_eq(io_open(&io, fd, false, NULL, NULL), 0);
	ck_assert_int_eq(stream_reader_open(&reader, &io), 0);
	ck_assert_int_eq(stream_reader_next(&reader, &data, &len), 0);
	ck_assert_mem_eq(data, first_chunk, sizeof(first_chunk));
	ck_assert_int_eq(stream_reader_next(&reader, &data, &len), 0);
	ck_assert_uint_eq(len, sizeof(zero_chunk));
	ck_assert_mem_eq(data, zero_chunk, sizeof(zero_chunk));
	ck_assert_int_eq(stream_reader_next(&reader, &data, &len), 0);
	ck_assert_uint_eq(len, sizeof(last_chunk));
	ck_assert_mem_eq(data, last_chunk, sizeof(last_chunk));
	ck_assert_int_eq(stream_reader_next(&reader, &data, &len), 0);
	ck_assert_uint_eq(len, 0);
	stream_reader_close(&reader);
	io_close(&io);
	close(fd);
}
END_TEST

START_TEST(test_zeros_are_not_stored)
{
	struct bytes bytes = build(true);
	struct stream_record record = get_record(&bytes, 2);

	ck_assert_uint_eq(record.flags, STREAM_RECORD_ZERO);
	ck_assert_uint_eq(record.raw_len, sizeof(zero_chunk));
	ck_assert_uint_eq(record.stored_len, 0);
}
END_TEST

/* -------------------------------------------------------------------- damage */

START_TEST(test_every_bit_flip)
{
	struct bytes bytes = build(true);
	size_t bit;
	int reason;

	for (bit = 0; bit < bytes.len * 8; bit++) {
		bytes.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_msg(verify(bytes.at, bytes.len, &reason) == -EBADMSG,
			      "bit %zu of byte %zu", bit % 8, bit / 8);
		bytes.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_accepted(&bytes);
}
END_TEST

START_TEST(test_every_truncation)
{
	struct bytes bytes = build(true);
	size_t len;
	int reason;

	for (len = 0; len < bytes.len; len++) {
		ck_assert_int_eq(verify(bytes.at, len, &reason), -EBADMSG);
		ck_assert_int_eq(reason, NVVGPU_REASON_STREAM_TRUNCATED);
	}
}
END_TEST

/* Without checksums all is protected but the state itself. */
START_TEST(test_unhashed_flips)
{
	struct bytes bytes = build(false);
	size_t first = record_at(&bytes, 1) + STREAM_RECORD_LEN;
	size_t last = record_at(&bytes, 3) + STREAM_RECORD_LEN;
	size_t bit, at;
	int reason;
	bool data;

	assert_accepted(&bytes);
	for (bit = 0; bit < bytes.len * 8; bit++) {
		at = bit / 8;
		data = (at >= first && at < first + sizeof(first_chunk)) ||
		       (at >= last && at < last + sizeof(last_chunk));
		bytes.at[at] ^= (uint8_t)(1 << bit % 8);
		ck_assert_msg(verify(bytes.at, bytes.len, &reason) == (data ? 0 : -EBADMSG),
			      "bit %zu of byte %zu", bit % 8, at);
		bytes.at[at] ^= (uint8_t)(1 << bit % 8);
	}
}
END_TEST

START_TEST(test_aborted)
{
	struct nvvgpu_stream_info *info = sample_info(true);
	struct bytes bytes = build_as(info, STREAM_ABORTED);

	assert_refused(&bytes, NVVGPU_REASON_STREAM_ABORTED);
	ck_assert_ptr_nonnull(strstr(nvvgpu_error_get_cause(nvvgpu_last_error()), "cancelled"));
	nvvgpu_stream_info_free(info);
}
END_TEST

/* Two chunks change places, their headers made to fit: the hash knows better. */
START_TEST(test_exchanged_chunks)
{
	struct nvvgpu_stream_info *info = sample_info(true);
	uint8_t one[16] = "one piece of it", two[16] = "two piece of it";
	struct bytes bytes = { .len = 0 };
	struct stream_record a, b;
	struct stream_writer writer;
	int fd = memory_file("", 0);
	struct io io;

	ck_assert_int_eq(io_open(&io, fd, true, NULL, NULL), 0);
	ck_assert_int_eq(stream_writer_open(&writer, &io, info), 0);
	ck_assert_int_eq(stream_writer_data(&writer, one, sizeof(one)), 0);
	ck_assert_int_eq(stream_writer_data(&writer, two, sizeof(two)), 0);
	ck_assert_int_eq(stream_writer_end(&writer, STREAM_COMPLETE, 0), 0);
	stream_writer_close(&writer);
	bytes.len = (size_t)pread(fd, bytes.at, sizeof(bytes.at), 0);
	assert_accepted(&bytes);

	a = get_record(&bytes, 1);
	b = get_record(&bytes, 2);
	memcpy(bytes.at + record_at(&bytes, 1) + STREAM_RECORD_LEN, two, sizeof(two));
	memcpy(bytes.at + record_at(&bytes, 2) + STREAM_RECORD_LEN, one, sizeof(one));
	assert_refused(&bytes, NVVGPU_REASON_STREAM_DAMAGED);
	a.hash ^= b.hash;
	b.hash ^= a.hash;
	a.hash ^= b.hash;
	put_record(&bytes, 1, &a);
	put_record(&bytes, 2, &b);
	assert_refused(&bytes, NVVGPU_REASON_STREAM_DAMAGED);
	nvvgpu_stream_info_free(info);
	close(fd);
}
END_TEST

/* ------------------------------------------------------ unknown and hostile */

START_TEST(test_header_versions)
{
	const struct bytes good = build(true);
	struct bytes bytes = good;

	le_put(bytes.at + 8, 2, STREAM_MAJOR + 1);
	assert_refused(&bytes, NVVGPU_REASON_STREAM_DAMAGED);	/* not sealed */
	seal_header(&bytes);
	assert_refused(&bytes, NVVGPU_REASON_STREAM_VERSION);

	bytes = good;
	le_put(bytes.at + 10, 2, STREAM_MINOR + 1);
	seal_header(&bytes);
	assert_accepted(&bytes);

	bytes = good;
	le_put(bytes.at + 20, 4, 1u << 31);	/* incompatible */
	seal_header(&bytes);
	assert_refused(&bytes, NVVGPU_REASON_STREAM_VERSION);

	bytes = good;
	le_put(bytes.at + 24, 4, 1u << 31);	/* compatible */
	le_put(bytes.at + 28, 4, 1u << 31);	/* ignorable */
	seal_header(&bytes);
	assert_accepted(&bytes);

	bytes = good;
	le_put(bytes.at + 12, 4, STREAM_HEADER_LEN + 8);
	seal_header(&bytes);
	assert_refused(&bytes, NVVGPU_REASON_STREAM_VERSION);

	bytes = good;
	bytes.at[48] = 1;	/* reserved */
	seal_header(&bytes);
	assert_refused(&bytes, NVVGPU_REASON_STREAM_VERSION);
}
END_TEST

/* Puts a record of another kind before record nth, and renumbers the rest. */
static struct bytes insert_record(struct bytes bytes, unsigned int nth, uint32_t tag,
				  uint32_t flags)
{
	uint8_t extra[STREAM_RECORD_LEN + 8] = { 0 };
	size_t at = record_at(&bytes, nth);
	struct stream_record record = get_record(&bytes, nth);
	unsigned int i;

	memcpy(extra + STREAM_RECORD_LEN, "unknown", 8);
	record = (struct stream_record){
		.tag = tag,
		.flags = flags,
		.seq = record.seq,
		.raw_offset = record.raw_offset,
		.raw_len = 8,
		.stored_len = 8,
		.hash = XXH3_64bits("unknown", 8),
	};
	stream_record_encode(&record, extra);
	memmove(bytes.at + at + sizeof(extra), bytes.at + at, bytes.len - at);
	memcpy(bytes.at + at, extra, sizeof(extra));
	bytes.len += sizeof(extra);
	for (i = nth + 1; i <= 5; i++) {
		record = get_record(&bytes, i);
		record.seq++;
		if (record.tag == STREAM_TAG_TRAILER) {
			uint8_t *payload = bytes.at + record_at(&bytes, i) + STREAM_RECORD_LEN;

			le_put(payload + 32, 8, 6);
			record.hash = XXH3_64bits(payload, STREAM_TRAILER_LEN);
		}
		put_record(&bytes, i, &record);
	}
	return bytes;
}

START_TEST(test_unknown_records)
{
	const struct bytes good = build(true);
	struct bytes bytes;
	unsigned int nth;

	for (nth = 1; nth <= 4; nth++) {
		bytes = insert_record(good, nth, 77, STREAM_RECORD_OPTIONAL);
		assert_accepted(&bytes);
		bytes.at[record_at(&bytes, nth) + STREAM_RECORD_LEN] ^= 1;
		assert_refused(&bytes, NVVGPU_REASON_STREAM_DAMAGED);
		bytes = insert_record(good, nth, 77, STREAM_RECORD_OPTIONAL | 1u << 9 | 1u << 30);
		assert_accepted(&bytes);
		bytes = insert_record(good, nth, 77, 0);
		assert_refused(&bytes, NVVGPU_REASON_STREAM_VERSION);
		bytes = insert_record(good, nth, 0, 1u << 30);
		assert_refused(&bytes, NVVGPU_REASON_STREAM_VERSION);
	}
	bytes = insert_record(good, 2, STREAM_TAG_IDENTITY, STREAM_RECORD_OPTIONAL);
	assert_refused(&bytes, NVVGPU_REASON_STREAM_DAMAGED);
	bytes = insert_record(good, 0, 77, STREAM_RECORD_OPTIONAL);
	assert_refused(&bytes, NVVGPU_REASON_STREAM_DAMAGED);
}
END_TEST

START_TEST(test_unknown_flags)
{
	const struct bytes good = build(true);
	struct stream_record record;
	struct bytes bytes;
	unsigned int nth;

	for (nth = 0; nth <= 4; nth++) {
		bytes = good;
		record = get_record(&good, nth);
		record.flags |= 1u << 5;
		put_record(&bytes, nth, &record);
		assert_refused(&bytes, NVVGPU_REASON_STREAM_VERSION);

		record = get_record(&good, nth);
		record.flags |= 1u << 20;
		put_record(&bytes, nth, &record);
		assert_accepted(&bytes);
	}
}
END_TEST

START_TEST(test_hostile_lengths)
{
	static const uint32_t lengths[] = { 0, 1, 23, 25, 1u << 20, 16u << 20, (16u << 20) + 1,
					    0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff };
	const struct bytes good = build(true);
	struct stream_record record;
	struct bytes bytes;
	unsigned int nth;
	int reason;
	size_t i, which;

	for (nth = 0; nth <= 4; nth++) {
		for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			for (which = 0; which < 3; which++) {
				bytes = good;
				record = get_record(&good, nth);
				if (which != 1)
					record.stored_len = lengths[i];
				if (which != 0)
					record.raw_len = lengths[i];
				put_record(&bytes, nth, &record);
				if (memcmp(bytes.at, good.at, good.len) == 0)
					continue;
				ck_assert_int_eq(verify(bytes.at, bytes.len, &reason), -EBADMSG);
			}
		}
	}
}
END_TEST

static int decode_items(const uint8_t *items, size_t len, int *ret_reason)
{
	struct nvvgpu_stream_info *info;
	int err;

	ck_assert_int_eq(stream_info_new(&info), 0);
	err = stream_info_decode(info, items, len);
	*ret_reason = err ? nvvgpu_error_get_reason(nvvgpu_last_error()) : 0;
	nvvgpu_stream_info_free(info);
	return err;
}

static size_t put_item(uint8_t *at, uint16_t type, uint16_t flags, const void *value, uint32_t len)
{
	memset(at, 0, 8 + len + -len % 8);
	le_put(at, 2, type);
	le_put(at + 2, 2, flags);
	le_put(at + 4, 4, len);
	memcpy(at + 8, value, len);
	return 8 + len + -len % 8;
}

START_TEST(test_identity_items)
{
	struct nvvgpu_stream_info *info = sample_info(true);
	uint8_t buf[STREAM_MAX] = { 0 }, text[STREAM_STRING_MAX + 1];
	uint8_t *items;
	size_t len, more;
	int reason;

	ck_assert_int_eq(stream_info_encode(info, &items, &len), 0);
	ck_assert_uint_lt(len, STREAM_MAX / 2);
	memcpy(buf, items, len);
	ck_assert_int_eq(decode_items(buf, len, &reason), 0);
	for (more = 1; more < len; more++)	/* only whole optional items may be missing */
		ck_assert_int_eq(decode_items(buf, len - more, &reason),
				 more == 32 || more == 48 ? 0 : -EBADMSG);

	more = put_item(buf + len, 999, 0, "later", 5);
	ck_assert_int_eq(decode_items(buf, len + more, &reason), 0);
	buf[len + more - 1] = 1;	/* padding */
	ck_assert_int_eq(decode_items(buf, len + more, &reason), -EBADMSG);
	more = put_item(buf + len, 999, STREAM_ITEM_MANDATORY, "later", 5);
	ck_assert_int_eq(decode_items(buf, len + more, &reason), -EBADMSG);
	ck_assert_int_eq(reason, NVVGPU_REASON_STREAM_VERSION);

	more = put_item(buf + len, STREAM_ITEM_OWNER, 0, "me", 2);
	ck_assert_int_eq(decode_items(buf, len + more, &reason), 0);
	more += put_item(buf + len + more, STREAM_ITEM_OWNER, 0, "me", 2);	/* twice */
	ck_assert_int_eq(decode_items(buf, len + more, &reason), -EBADMSG);
	more = put_item(buf + len, STREAM_ITEM_OWNER, 0, "a\033[2J", 5);
	ck_assert_int_eq(decode_items(buf, len + more, &reason), -EBADMSG);
	more = put_item(buf + len, STREAM_ITEM_OWNER, 0, "a\0b", 3);
	ck_assert_int_eq(decode_items(buf, len + more, &reason), -EBADMSG);
	memset(text, 'x', sizeof(text));
	more = put_item(buf + len, STREAM_ITEM_OWNER, 0, text, STREAM_STRING_MAX);
	ck_assert_int_eq(decode_items(buf, len + more, &reason), 0);
	more = put_item(buf + len, STREAM_ITEM_OWNER, 0, text, STREAM_STRING_MAX + 1);
	ck_assert_int_eq(decode_items(buf, len + more, &reason), -EBADMSG);
	more = put_item(buf + len, STREAM_ITEM_PLACEMENT, 0, "12345678", 8);	/* has 4 bytes */
	ck_assert_int_eq(decode_items(buf, len + more, &reason), -EBADMSG);
	put_item(buf + len, 999, 0, "", 0);
	le_put(buf + len + 4, 4, 0xffffffff);
	ck_assert_int_eq(decode_items(buf, len + 8, &reason), -EBADMSG);
	le_put(buf + len + 4, 4, 0xfffffff9);
	ck_assert_int_eq(decode_items(buf, len + 8, &reason), -EBADMSG);
	ck_assert_int_eq(decode_items(buf, 0, &reason), -EBADMSG);	/* all is missing */
	free(items);
	nvvgpu_stream_info_free(info);
}
END_TEST

START_TEST(test_identity_too_long)
{
	struct bytes bytes = build(true);
	struct stream_record record = get_record(&bytes, 0);

	record.raw_len = record.stored_len = STREAM_IDENTITY_MAX + 8;
	put_record(&bytes, 0, &record);
	assert_refused(&bytes, NVVGPU_REASON_STREAM_DAMAGED);
}
END_TEST

/* What could not be read again is not written: the vGPU has not been stopped yet. */
START_TEST(test_unclean_identity_is_not_written)
{
	struct nvvgpu_stream_info *info = sample_info(true);
	uint8_t *items;
	size_t len;

	info->owner = strdup("two\nlines");
	ck_assert_int_eq(stream_info_encode(info, &items, &len), -EINVAL);
	nvvgpu_stream_info_free(info);
}
END_TEST

START_TEST(test_foreign_files)
{
	static const char text[] =
		"this is a text, long enough to be a header, and no stream at all";
	struct bytes bytes = build(true);
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int reason;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(nvvgpu_migrate_verify(fd, NULL, NULL), -EBADMSG);
	ck_assert_int_eq(nvvgpu_error_get_reason(nvvgpu_last_error()),
			 NVVGPU_REASON_STREAM_FOREIGN);
	close(fd);
	ck_assert_int_eq(verify(text, sizeof(text), &reason), -EBADMSG);
	ck_assert_int_eq(reason, NVVGPU_REASON_STREAM_FOREIGN);
	ck_assert_int_eq(verify("x", 1, &reason), -EBADMSG);
	ck_assert_int_eq(reason, NVVGPU_REASON_STREAM_FOREIGN);
	ck_assert_int_eq(verify("", 0, &reason), -EBADMSG);
	ck_assert_int_eq(reason, NVVGPU_REASON_STREAM_TRUNCATED);

	memmove(bytes.at + 4, bytes.at + 5, bytes.len - 5);	/* CR LF -> LF */
	bytes.len--;
	assert_refused(&bytes, NVVGPU_REASON_STREAM_DAMAGED);
	bytes = build(true);
	memmove(bytes.at + 8, bytes.at + 7, bytes.len - 7);	/* LF -> CR LF */
	bytes.at[7] = '\r';
	bytes.len++;
	assert_refused(&bytes, NVVGPU_REASON_STREAM_DAMAGED);
}
END_TEST

START_TEST(test_wrong_descriptors)
{
	int sockets[2], fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(nvvgpu_migrate_verify(-1, NULL, NULL), -EBADF);
	ck_assert_int_eq(nvvgpu_migrate_verify(fd, NULL, NULL), -EBADF);
	close(fd);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets), 0);
	ck_assert_int_eq(nvvgpu_migrate_verify(sockets[0], NULL, NULL), -EOPNOTSUPP);
	close(sockets[0]);
	close(sockets[1]);
}
END_TEST

/* ---------------------------------------------------- pipes, sockets, waiting */

struct feeder {
	pthread_t thread;
	int fd;
	const struct bytes *bytes;
	size_t step;
};

static void *feed(void *arg)
{
	struct feeder *feeder = arg;
	size_t at, n;

	for (at = 0; at < feeder->bytes->len; at += n) {
		n = feeder->bytes->len - at;
		if (n > feeder->step)
			n = feeder->step;
		ck_assert_int_eq(write(feeder->fd, feeder->bytes->at + at, n), (ssize_t)n);
	}
	close(feeder->fd);
	return NULL;
}

static void verify_fed(int read_fd, int write_fd, size_t step)
{
	const struct bytes bytes = build(true);
	struct feeder feeder = { .fd = write_fd, .bytes = &bytes, .step = step };
	struct nvvgpu_stream_info *info;

	ck_assert_int_eq(pthread_create(&feeder.thread, NULL, feed, &feeder), 0);
	ck_assert_int_eq(nvvgpu_migrate_verify(read_fd, NULL, &info), 0);
	ck_assert_uint_eq(nvvgpu_stream_info_get_data_bytes(info), 24 + 64 + 13);
	nvvgpu_stream_info_free(info);
	ck_assert_int_eq(pthread_join(feeder.thread, NULL), 0);
	close(read_fd);
}

START_TEST(test_tiny_reads)
{
	static const size_t steps[] = { 1, 3, 64, 100 };
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	verify_fed(fds[0], fds[1], steps[_i]);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	verify_fed(fds[0], fds[1], steps[_i]);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	verify_fed(fds[0], fds[1], steps[_i]);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	verify_fed(fds[0], dup(fds[1]), sizeof(struct bytes));
	close(fds[1]);
}
END_TEST

/* The reader takes not one byte of what follows the trailer. */
START_TEST(test_streams_back_to_back)
{
	const struct bytes bytes = build(true);
	int fds[2], i;
	char rest[16];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(write(fds[1], bytes.at, bytes.len), (ssize_t)bytes.len);
	ck_assert_int_eq(write(fds[1], "garbage", 7), 7);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(nvvgpu_migrate_verify(fds[0], NULL, NULL), 0);
	ck_assert_int_eq(read(fds[0], rest, sizeof(rest)), 7);
	ck_assert_mem_eq(rest, "garbage", 7);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

struct drain {
	pthread_t thread;
	int fd;
	size_t step, len;
	uint8_t *at;
	size_t size;
};

static void *drain_all(void *arg)
{
	struct drain *drain = arg;
	ssize_t n;

	do {
		size_t room = drain->size - drain->len;

		if (room > drain->step)
			room = drain->step;
		n = read(drain->fd, drain->at + drain->len, room);
		if (n > 0)
			drain->len += (size_t)n;
	} while (n > 0);
	return NULL;
}

/* More than a pipe or a socket takes at once, through all kinds of descriptors. */
static void write_drained(int write_fd, int read_fd, size_t step)
{
	enum { CHUNK = 300000, CHUNKS = 4 };
	struct drain drain = { .fd = read_fd, .step = step, .size = 2 * CHUNK * CHUNKS };
	struct nvvgpu_stream_info *info = sample_info(true);
	int flags = fcntl(write_fd, F_GETFL), reason, i;
	struct stream_writer writer;
	uint8_t *chunk = malloc(CHUNK);
	struct io io;

	drain.at = malloc(drain.size);
	memset(chunk, 0x77, CHUNK);
	ck_assert_int_eq(pthread_create(&drain.thread, NULL, drain_all, &drain), 0);
	ck_assert_int_eq(io_open(&io, write_fd, true, NULL, NULL), 0);
	ck_assert_int_eq(stream_writer_open(&writer, &io, info), 0);
	for (i = 0; i < CHUNKS; i++) {
		chunk[i] = (uint8_t)i;
		ck_assert_int_eq(stream_writer_data(&writer, chunk, CHUNK), 0);
	}
	ck_assert_int_eq(stream_writer_end(&writer, STREAM_COMPLETE, 0), 0);
	stream_writer_close(&writer);
	io_close(&io);
	ck_assert_int_eq(fcntl(write_fd, F_GETFL), flags);
	close(write_fd);
	ck_assert_int_eq(pthread_join(drain.thread, NULL), 0);
	close(read_fd);
	ck_assert_int_eq(verify(drain.at, drain.len, &reason), 0);
	free(drain.at);
	free(chunk);
	nvvgpu_stream_info_free(info);
}

START_TEST(test_short_writes)
{
	static const size_t steps[] = { 100, 5000, 1 << 20 };
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	write_drained(fds[1], fds[0], steps[_i]);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	write_drained(fds[1], fds[0], steps[_i]);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	write_drained(fds[1], fds[0], steps[_i]);
}
END_TEST

/* The default action of SIGPIPE would end this process. */
START_TEST(test_reader_gone)
{
	struct nvvgpu_stream_info *info = sample_info(true);
	struct stream_writer writer;
	sigset_t pending, set;
	struct io io;
	int fds[2];

	if (_i)
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	else
		ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	close(fds[0]);
	ck_assert_int_eq(io_open(&io, fds[1], true, NULL, NULL), 0);
	ck_assert_int_eq(stream_writer_open(&writer, &io, info), -EPIPE);
	ck_assert(writer.broken);
	stream_writer_close(&writer);

	/* a SIGPIPE that was pending before stays */
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
	ck_assert_int_eq(raise(SIGPIPE), 0);
	ck_assert_int_eq(stream_writer_open(&writer, &io, info), -EPIPE);
	stream_writer_close(&writer);
	ck_assert_int_eq(sigpending(&pending), 0);
	ck_assert(sigismember(&pending, SIGPIPE));
	io_close(&io);
	close(fds[1]);
	nvvgpu_stream_info_free(info);
}
END_TEST

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int check_until(void *arg)
{
	return now_ms() >= *(uint64_t *)arg ? -ECANCELED : 0;
}

/* Nobody reads: a write that the pipe has no room for still ends when asked to. */
START_TEST(test_stalled_write_ends)
{
	uint64_t start = now_ms(), end = start + 150;
	uint8_t *chunk = calloc(1, 1 << 20);
	struct iovec iov = { chunk, 1 << 20 };
	struct io io;
	int fds[2];

	if (_i)
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	else
		ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(io_open(&io, fds[1], true, check_until, &end), 0);
	ck_assert_int_eq(io_write(&io, &iov, 1), -ECANCELED);
	ck_assert(io.gave_up);
	ck_assert_uint_lt(now_ms() - start, 5000);
	io_close(&io);
	close(fds[0]);
	close(fds[1]);
	free(chunk);
}
END_TEST

START_TEST(test_deadline)
{
	struct nvvgpu_migrate_options *options;
	uint64_t start = now_ms();
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(nvvgpu_migrate_options_new(&options), 0);
	nvvgpu_migrate_options_set_deadline(options, 50000000);
	ck_assert_int_eq(nvvgpu_migrate_verify(fds[0], options, NULL), -ETIMEDOUT);
	ck_assert_int_eq(nvvgpu_error_get_reason(nvvgpu_last_error()), NVVGPU_REASON_DEADLINE);
	ck_assert_uint_lt(now_ms() - start, 5000);
	nvvgpu_migrate_options_free(options);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

static void *cancel_soon(void *options)
{
	usleep(50000);
	nvvgpu_migrate_options_cancel(options);
	return NULL;
}

START_TEST(test_cancel_from_another_thread)
{
	struct nvvgpu_migrate_options *options;
	struct bytes bytes = build(true);
	pthread_t thread;
	int fds[2], fd = memory_file(bytes.at, bytes.len);

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(nvvgpu_migrate_options_new(&options), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, options), 0);
	ck_assert_int_eq(nvvgpu_migrate_verify(fds[0], options, NULL), -ECANCELED);
	ck_assert_int_eq(nvvgpu_error_get_reason(nvvgpu_last_error()), NVVGPU_REASON_CANCELLED);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	/* one operation, not the next */
	ck_assert_int_eq(nvvgpu_migrate_verify(fd, options, NULL), 0);
	nvvgpu_migrate_options_free(options);
	close(fds[0]);
	close(fds[1]);
	close(fd);
}
END_TEST

struct seen {
	unsigned int calls, refuse_at;
	uint64_t first_bytes, last_bytes, last_estimate;
};

static int watch(void *arg, const struct nvvgpu_progress *progress)
{
	struct seen *seen = arg;

	if (seen->calls++ == 0)
		seen->first_bytes = nvvgpu_progress_get_bytes(progress);
	seen->last_bytes = nvvgpu_progress_get_bytes(progress);
	seen->last_estimate = nvvgpu_progress_get_estimate_bytes(progress);
	return seen->calls == seen->refuse_at;
}

START_TEST(test_progress)
{
	struct nvvgpu_migrate_options *options;
	struct seen seen = { 0 };
	struct bytes bytes = build(true);
	int fd = memory_file(bytes.at, bytes.len);
	unsigned int i;

	ck_assert_int_eq(nvvgpu_migrate_options_new(&options), 0);
	nvvgpu_migrate_options_set_progress(options, watch, &seen);
	ck_assert_int_eq(nvvgpu_migrate_verify(fd, options, NULL), 0);
	ck_assert_uint_eq(seen.calls, 2);
	ck_assert_uint_eq(seen.first_bytes, 0);
	ck_assert_uint_eq(seen.last_bytes, 24 + 64 + 13);
	ck_assert_uint_eq(seen.last_estimate, 24 + 64 + 13);
	for (i = 1; i <= 2; i++) {
		seen = (struct seen){ .refuse_at = i };
		ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
		ck_assert_int_eq(nvvgpu_migrate_verify(fd, options, NULL), -ECANCELED);
		ck_assert_uint_eq(seen.calls, i);
	}
	nvvgpu_migrate_options_free(options);
	close(fd);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 300);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static Suite *stream_suite(void)
{
	Suite *suite = suite_create("stream");
	TCase *tcase = add_case(suite, "contents");

	tcase_add_test(tcase, test_round_trip);
	tcase_add_test(tcase, test_chunks_come_back);
	tcase_add_test(tcase, test_zeros_are_not_stored);
	tcase_add_test(tcase, test_progress);

	tcase = add_case(suite, "damage");
	tcase_add_test(tcase, test_every_bit_flip);
	tcase_add_test(tcase, test_every_truncation);
	tcase_add_test(tcase, test_unhashed_flips);
	tcase_add_test(tcase, test_aborted);
	tcase_add_test(tcase, test_exchanged_chunks);
	tcase_add_test(tcase, test_header_versions);
	tcase_add_test(tcase, test_unknown_records);
	tcase_add_test(tcase, test_unknown_flags);
	tcase_add_test(tcase, test_hostile_lengths);
	tcase_add_test(tcase, test_identity_items);
	tcase_add_test(tcase, test_identity_too_long);
	tcase_add_test(tcase, test_unclean_identity_is_not_written);
	tcase_add_test(tcase, test_foreign_files);

	tcase = add_case(suite, "descriptors");
	tcase_add_test(tcase, test_wrong_descriptors);
	tcase_add_loop_test(tcase, test_tiny_reads, 0, 4);
	tcase_add_test(tcase, test_streams_back_to_back);
	tcase_add_loop_test(tcase, test_short_writes, 0, 3);
	tcase_add_loop_test(tcase, test_reader_gone, 0, 2);
	tcase_add_loop_test(tcase, test_stalled_write_ends, 0, 2);
	tcase_add_test(tcase, test_deadline);
	tcase_add_test(tcase, test_cancel_from_another_thread);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(stream_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
