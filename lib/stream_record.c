/* SPDX-License-Identifier: MIT */
/* What writer and reader of a stream share: record headers, sums, trailer. */
#include "stream.h"

void stream_record_encode(const struct stream_record *record, uint8_t out[STREAM_RECORD_LEN])
{
	le_put(out, 4, record->tag);
	le_put(out + 4, 4, record->flags);
	le_put(out + 8, 8, record->seq);
	le_put(out + 16, 8, record->raw_offset);
	le_put(out + 24, 4, record->raw_len);
	le_put(out + 28, 4, record->stored_len);
	le_put(out + 32, 8, record->hash);
	le_put(out + 40, 8, XXH3_64bits(out, 40));
}

bool stream_record_decode(struct stream_record *record, const uint8_t in[STREAM_RECORD_LEN])
{
	if (le_get(in + 40, 8) != XXH3_64bits(in, 40))
		return false;
	record->tag = (uint32_t)le_get(in, 4);
	record->flags = (uint32_t)le_get(in + 4, 4);
	record->seq = le_get(in + 8, 8);
	record->raw_offset = le_get(in + 16, 8);
	record->raw_len = (uint32_t)le_get(in + 24, 4);
	record->stored_len = (uint32_t)le_get(in + 28, 4);
	record->hash = le_get(in + 32, 8);
	return true;
}

int stream_sum_init(struct stream_sum *sum, bool hashed)
{
	*sum = (struct stream_sum){ 0 };
	if (!hashed)
		return 0;
	sum->state = XXH3_createState();
	if (!sum->state)
		return error_nomem();
	XXH3_128bits_reset(sum->state);
	return 0;
}

void stream_sum_fini(struct stream_sum *sum)
{
	XXH3_freeState(sum->state);
	sum->state = NULL;
}

uint64_t stream_sum_data(struct stream_sum *sum, const void *buf, size_t len, size_t stored_len)
{
	sum->raw_bytes += len;
	sum->stored_bytes += stored_len;
	sum->chunks++;
	if (!sum->state)
		return 0;
	XXH3_128bits_update(sum->state, buf, len);
	return XXH3_128bits_digest(sum->state).low64;
}

void stream_trailer_fill(struct stream_trailer *trailer, const struct stream_sum *sum)
{
	*trailer = (struct stream_trailer){
		.raw_bytes = sum->raw_bytes,
		.stored_bytes = sum->stored_bytes,
		.chunks = sum->chunks,
		.records = sum->seq + 1,
	};
	if (sum->state)
		trailer->hash = XXH3_128bits_digest(sum->state);
}

void stream_trailer_encode(const struct stream_trailer *trailer, uint8_t out[STREAM_TRAILER_LEN])
{
	le_put(out, 4, trailer->status);
	le_put(out + 4, 4, trailer->reason);
	le_put(out + 8, 8, trailer->raw_bytes);
	le_put(out + 16, 8, trailer->stored_bytes);
	le_put(out + 24, 8, trailer->chunks);
	le_put(out + 32, 8, trailer->records);
	le_put(out + 40, 8, trailer->hash.low64);
	le_put(out + 48, 8, trailer->hash.high64);
	le_put(out + 56, 8, 0);
}
