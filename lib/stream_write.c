/* SPDX-License-Identifier: MIT */
#include "stream.h"

static int write_out(struct stream_writer *writer, struct iovec *iov, int count)
{
	int err = io_write(writer->io, iov, count);

	if (!err)
		return 0;
	writer->broken = true;
	if (writer->io->gave_up)
		return err;	/* the check has set the error */
	return error_errno(err, "stream", "writing the state stream");
}

static int write_record(struct stream_writer *writer, struct stream_record *record,
			const void *payload)
{
	static const uint8_t zeros[STREAM_ALIGN];
	uint8_t header[STREAM_RECORD_LEN];
	struct iovec iov[] = {
		{ header, sizeof(header) },
		{ (void *)payload, record->stored_len },
		{ (void *)zeros, -record->stored_len % STREAM_ALIGN },
	};

	record->seq = writer->sum.seq++;
	stream_record_encode(record, header);
	return write_out(writer, iov, 3);
}

/* Any record but data: hashed as a whole, always. */
static int write_whole(struct stream_writer *writer, enum stream_tag tag, uint32_t flags,
		       const void *payload, size_t len)
{
	struct stream_record record = {
		.tag = tag,
		.flags = flags,
		.raw_offset = writer->sum.raw_bytes,
		.raw_len = (uint32_t)len,
		.stored_len = (uint32_t)len,
		.hash = XXH3_64bits(payload, len),
	};

	return write_record(writer, &record, payload);
}

static int write_header(struct stream_writer *writer, const struct nvvgpu_stream_info *info)
{
	uint8_t header[STREAM_HEADER_LEN] = STREAM_MAGIC;
	struct iovec iov = { header, sizeof(header) };

	le_put(header + 8, 2, STREAM_MAJOR);
	le_put(header + 10, 2, STREAM_MINOR);
	le_put(header + 12, 4, STREAM_HEADER_LEN);
	le_put(header + 20, 4, info->incompatible);
	le_put(header + 24, 4, info->compatible);
	le_put(header + 28, 4, info->ignorable);
	memcpy(header + 32, info->stream_uuid, 16);
	le_put(header + 56, 8, XXH3_64bits(header, 56));
	return write_out(writer, &iov, 1);
}

int stream_writer_open(struct stream_writer *writer, struct io *io,
		       const struct nvvgpu_stream_info *info)
{
	__cleanup_free uint8_t *identity = NULL;
	size_t len;
	int err;

	*writer = (struct stream_writer){ .io = io };
	err = stream_info_encode(info, &identity, &len);
	if (err)
		return err;
	err = stream_sum_init(&writer->sum, !(info->incompatible & STREAM_INCOMPAT_UNHASHED));
	if (err)
		return err;
	err = write_header(writer, info);
	return err ? err : write_whole(writer, STREAM_TAG_IDENTITY, 0, identity, len);
}

int stream_writer_estimate(struct stream_writer *writer, uint64_t bytes)
{
	uint8_t payload[STREAM_ESTIMATE_LEN];

	le_put(payload, 8, bytes);
	return write_whole(writer, STREAM_TAG_ESTIMATE, STREAM_RECORD_OPTIONAL, payload,
			   sizeof(payload));
}

/* Every byte equals the one before it, and the first is 0; ends at the first byte of data. */
static bool all_zero(const uint8_t *buf, size_t len)
{
	return buf[0] == 0 && memcmp(buf, buf + 1, len - 1) == 0;
}

int stream_writer_data(struct stream_writer *writer, const void *buf, size_t len)
{
	bool zero = all_zero(buf, len);
	struct stream_record record = {
		.tag = STREAM_TAG_DATA,
		.flags = zero ? STREAM_RECORD_ZERO : 0,
		.raw_offset = writer->sum.raw_bytes,
		.raw_len = (uint32_t)len,
		.stored_len = zero ? 0 : (uint32_t)len,
	};

	record.hash = stream_sum_data(&writer->sum, buf, len, record.stored_len);
	return write_record(writer, &record, buf);
}

int stream_writer_end(struct stream_writer *writer, enum stream_status status,
		      enum nvvgpu_reason reason)
{
	uint8_t payload[STREAM_TRAILER_LEN];
	struct stream_trailer trailer;

	stream_trailer_fill(&trailer, &writer->sum);
	trailer.status = status;
	trailer.reason = (uint32_t)reason;
	stream_trailer_encode(&trailer, payload);
	return write_whole(writer, STREAM_TAG_TRAILER, 0, payload, sizeof(payload));
}

void stream_writer_close(struct stream_writer *writer)
{
	stream_sum_fini(&writer->sum);
}
