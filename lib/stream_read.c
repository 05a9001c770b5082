/* SPDX-License-Identifier: MIT */
#include "stream.h"

#define NEXT_STEP "copy the stream from its source again, or save the vGPU again"

#define damaged(...) \
	error_setf(EBADMSG, NVVGPU_REASON_STREAM_DAMAGED, "stream", NEXT_STEP, __VA_ARGS__)
#define too_new(...)								\
	error_setf(EBADMSG, NVVGPU_REASON_STREAM_VERSION, "stream",		\
		   "use a libnvvgpu as new as the one that saved it", __VA_ARGS__)

static int truncated(const struct stream_reader *reader, const char *in)
{
	return error_setf(EBADMSG, NVVGPU_REASON_STREAM_TRUNCATED, "stream", NEXT_STEP,
			  "it ends in the middle of %s, after %llu bytes of state", in,
			  (unsigned long long)reader->sum.raw_bytes);
}

static int read_error(const struct stream_reader *reader, ssize_t n)
{
	if (reader->io->gave_up)
		return (int)n;	/* the check has set the error */
	return error_errno((int)n, "stream", "reading the state stream");
}

static int read_in(struct stream_reader *reader, void *buf, size_t len, const char *what)
{
	ssize_t n = io_read(reader->io, buf, len);

	if (n < 0)
		return read_error(reader, n);
	return (size_t)n == len ? 0 : truncated(reader, what);
}

/* ------------------------------------------------------------------ header */

static int foreign(const uint8_t *header, size_t len)
{
	static const char magic[] = STREAM_MAGIC;

	if (len >= 4 && memcmp(header, magic, 4) == 0)
		return damaged("its first bytes were changed as a transfer in text mode would do");
	return error_set(EBADMSG, NVVGPU_REASON_STREAM_FOREIGN, "stream",
			 "it does not begin as a state stream does",
			 "give a stream that was written by nvvgpu_migrate_save()");
}

static int parse_header(struct nvvgpu_stream_info *info, const uint8_t *header)
{
	if (le_get(header + 56, 8) != XXH3_64bits(header, 56))
		return damaged("the checksum of its header is wrong");
	info->major = (uint32_t)le_get(header + 8, 2);
	info->minor = (uint32_t)le_get(header + 10, 2);
	info->incompatible = (uint32_t)le_get(header + 20, 4);
	info->compatible = (uint32_t)le_get(header + 24, 4);
	info->ignorable = (uint32_t)le_get(header + 28, 4);
	if (info->major != STREAM_MAJOR)
		return too_new("its format is version %u, this library reads %u", info->major,
			       STREAM_MAJOR);
	if (info->incompatible & ~STREAM_INCOMPAT_KNOWN)
		return too_new("it needs features 0x%x that this library does not have",
			       info->incompatible & ~STREAM_INCOMPAT_KNOWN);
	if (le_get(header + 12, 4) != STREAM_HEADER_LEN || le_get(header + 16, 4) ||
	    le_get(header + 48, 8))
		return too_new("its header has fields that this library does not know");
	memcpy(info->stream_uuid, header + 32, 16);
	uuid_format(info->stream_uuid, info->stream_uuid_text);
	return 0;
}

static int read_header(struct stream_reader *reader)
{
	uint8_t header[STREAM_HEADER_LEN];
	ssize_t n = io_read(reader->io, header, sizeof(header));
	size_t len = (size_t)n, magic_len = sizeof(STREAM_MAGIC) - 1;

	if (n < 0)
		return read_error(reader, n);
	if (memcmp(header, STREAM_MAGIC, len < magic_len ? len : magic_len))
		return foreign(header, len);
	if (len < sizeof(header))
		return truncated(reader, "its header");
	return parse_header(reader->info, header);
}

/* ----------------------------------------------------------------- records */

static int grow(struct stream_reader *reader, size_t len)
{
	if (len <= reader->size)
		return 0;
	free(reader->buf);
	reader->size = (len + 4095) & ~(size_t)4095;
	reader->buf = aligned_alloc(4096, reader->size);
	reader->zero = false;
	if (reader->buf)
		return 0;
	reader->size = 0;
	return error_nomem();
}

static int read_record(struct stream_reader *reader, struct stream_record *record)
{
	uint8_t header[STREAM_RECORD_LEN];
	int err = read_in(reader, header, sizeof(header), "a record header");

	if (err)
		return err;
	if (!stream_record_decode(record, header))
		return damaged("the checksum of the header of record %llu is wrong",
			       (unsigned long long)reader->sum.seq);
	if (record->seq != reader->sum.seq || record->raw_offset != reader->sum.raw_bytes)
		return damaged("record %llu stands where record %llu belongs",
			       (unsigned long long)record->seq,
			       (unsigned long long)reader->sum.seq);
	if (record->stored_len > STREAM_CHUNK_MAX || record->raw_len > STREAM_CHUNK_MAX)
		return damaged("record %llu claims %u bytes, more than the %u allowed",
			       (unsigned long long)record->seq,
			       record->raw_len > record->stored_len ? record->raw_len :
								      record->stored_len,
			       STREAM_CHUNK_MAX);
	return 0;
}

/* The stored bytes of a record into the buffer, with the padding behind them. */
static int read_payload(struct stream_reader *reader, const struct stream_record *record)
{
	uint8_t padding[STREAM_ALIGN] = { 0 };
	int err = grow(reader, record->stored_len);

	if (err)
		return err;
	reader->zero = false;
	err = read_in(reader, reader->buf, record->stored_len, "a record");
	if (!err)
		err = read_in(reader, padding, -record->stored_len % STREAM_ALIGN, "a record");
	if (err)
		return err;
	return le_get(padding, STREAM_ALIGN) == 0 ? 0 :
		damaged("the padding of record %llu is not zero", (unsigned long long)record->seq);
}

/* The payload of any record but data: hashed as a whole, always. */
static int read_whole(struct stream_reader *reader, const struct stream_record *record, size_t max)
{
	int err;

	if (record->stored_len != record->raw_len || record->stored_len > max)
		return damaged("the length of record %llu is wrong",
			       (unsigned long long)record->seq);
	err = read_payload(reader, record);
	if (err)
		return err;
	if (XXH3_64bits(reader->buf, record->stored_len) != record->hash)
		return damaged("the checksum of record %llu is wrong",
			       (unsigned long long)record->seq);
	reader->sum.seq++;
	return 0;
}

static int read_identity(struct stream_reader *reader)
{
	struct stream_record record;
	int err = read_record(reader, &record);

	if (err)
		return err;
	if (record.tag != STREAM_TAG_IDENTITY)
		return damaged("its first record is not its identity");
	if (record.flags & STREAM_RECORD_MUST)
		return too_new("its identity has flags 0x%x that this library does not know",
			       record.flags & STREAM_RECORD_MUST);
	err = read_whole(reader, &record, STREAM_IDENTITY_MAX);
	return err ? err : stream_info_decode(reader->info, reader->buf, record.stored_len);
}

static int read_zeros(struct stream_reader *reader, const struct stream_record *record)
{
	int err = grow(reader, record->raw_len);

	if (err)
		return err;
	if (!reader->zero)
		memset(reader->buf, 0, reader->size);
	reader->zero = true;
	return 0;
}

static int read_data(struct stream_reader *reader, const struct stream_record *record)
{
	bool zero = record->flags & STREAM_RECORD_ZERO;
	uint64_t hash;
	int err;

	if (record->flags & STREAM_RECORD_MUST & ~(STREAM_RECORD_OPTIONAL | STREAM_RECORD_ZERO))
		return too_new("its data has flags 0x%x that this library does not know",
			       record->flags & STREAM_RECORD_MUST);
	if (record->raw_len == 0 || record->stored_len != (zero ? 0 : record->raw_len))
		return damaged("the length of record %llu is wrong",
			       (unsigned long long)record->seq);
	err = zero ? read_zeros(reader, record) : read_payload(reader, record);
	if (err)
		return err;
	reader->sum.seq++;
	hash = stream_sum_data(&reader->sum, reader->buf, record->raw_len, record->stored_len);
	if (hash != record->hash)
		return damaged("the checksum of the %u bytes of state at %llu is wrong",
			       record->raw_len, (unsigned long long)record->raw_offset);
	return 0;
}

static int read_trailer(struct stream_reader *reader, const struct stream_record *record)
{
	uint8_t expected[STREAM_TRAILER_LEN];
	struct stream_trailer trailer;
	int err;

	if (record->flags & STREAM_RECORD_MUST)
		return too_new("its trailer has flags 0x%x that this library does not know",
			       record->flags & STREAM_RECORD_MUST);
	stream_trailer_fill(&trailer, &reader->sum);
	err = read_whole(reader, record, STREAM_TRAILER_LEN);
	if (err)
		return err;
	if (record->stored_len != STREAM_TRAILER_LEN)
		return damaged("its trailer is too short");
	trailer.status = (uint32_t)le_get(reader->buf, 4);
	trailer.reason = (uint32_t)le_get(reader->buf + 4, 4);
	stream_trailer_encode(&trailer, expected);
	if (memcmp(reader->buf, expected, sizeof(expected)))
		return damaged("its trailer does not agree with what came before");
	if (trailer.status == STREAM_ABORTED)
		return error_setf(EBADMSG, NVVGPU_REASON_STREAM_ABORTED, "stream",
				  "save the vGPU again", "the save was given up (%s)",
				  nvvgpu_reason_name((int)trailer.reason));
	if (trailer.status != STREAM_COMPLETE)
		return damaged("its trailer has an unknown status");
	reader->info->data_bytes = trailer.raw_bytes;
	reader->info->chunks = trailer.chunks;
	reader->info->verified = true;
	return 0;
}

/* Advice: of another length it would be a later version's, and is passed over. */
static int read_estimate(struct stream_reader *reader, const struct stream_record *record)
{
	int err = read_whole(reader, record, STREAM_CHUNK_MAX);

	if (!err && record->stored_len == STREAM_ESTIMATE_LEN)
		reader->estimate_bytes = le_get(reader->buf, STREAM_ESTIMATE_LEN);
	return err;
}

static int read_other(struct stream_reader *reader, const struct stream_record *record)
{
	if (record->tag == STREAM_TAG_ESTIMATE)
		return read_estimate(reader, record);
	if (record->tag == STREAM_TAG_IDENTITY)
		return damaged("it has a second identity");
	if (!(record->flags & STREAM_RECORD_OPTIONAL))
		return too_new("it has records of kind %u that this library does not know",
			       record->tag);
	return read_whole(reader, record, STREAM_CHUNK_MAX);
}

/* --------------------------------------------------------------- interface */

int stream_reader_next(struct stream_reader *reader, const void **ret_data, size_t *ret_len)
{
	struct stream_record record;
	int err;

	do {
		err = read_record(reader, &record);
		if (err)
			return err;
		if (record.tag == STREAM_TAG_DATA)
			err = read_data(reader, &record);
		else if (record.tag == STREAM_TAG_TRAILER)
			err = read_trailer(reader, &record);
		else
			err = read_other(reader, &record);
		if (err)
			return err;
	} while (record.tag != STREAM_TAG_DATA && record.tag != STREAM_TAG_TRAILER);

	*ret_data = reader->buf;
	*ret_len = record.tag == STREAM_TAG_DATA ? record.raw_len : 0;
	return 0;
}

int stream_reader_open(struct stream_reader *reader, struct io *io)
{
	int err;

	*reader = (struct stream_reader){ .io = io };
	err = stream_info_new(&reader->info);
	if (!err)
		err = grow(reader, STREAM_CHUNK_BYTES);
	if (!err)
		err = read_header(reader);
	if (!err)
		err = stream_sum_init(&reader->sum,
				      !(reader->info->incompatible & STREAM_INCOMPAT_UNHASHED));
	return err ? err : read_identity(reader);
}

void stream_reader_close(struct stream_reader *reader)
{
	nvvgpu_stream_info_free(reader->info);
	reader->info = NULL;
	stream_sum_fini(&reader->sum);
	free(reader->buf);
	reader->buf = NULL;
}
