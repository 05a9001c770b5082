// SPDX-License-Identifier: MIT
/*
 * Layout, in the byte order of the machine that was asked: a head, then one
 * record for each answer, each filled up to a multiple of 8 bytes.  Structures
 * are as include/uapi/nvvgpu.h has them, with their pointers cleared.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uapi/nvvgpu.h>
#include "os/answers.h"
#include "util/cleanup.h"

#define MAGIC		"nvvgpu-a"
#define BYTE_ORDER_MARK	0x01020304u
#define ROOM		4096	/* elements; more is not believed */

struct head {
	char magic[8];
	uint32_t byte_order;
	int32_t open_err;	/* 0, or what opening the device gave */
};

struct record {
	uint32_t request;
	uint32_t key;		/* type or vGPU; 0: the GPU */
	uint32_t which;		/* set of placements */
	int32_t err;
	uint32_t extra;		/* what the structure says beside its array */
	uint32_t len;		/* of the data that follows */
};

static size_t padded(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

/* ---------------------------------------------------------------------- take */

struct take {
	struct os_file *file;
	uint8_t *data;
	size_t len;
	int err;
};

static void put(struct take *take, const void *data, size_t len)
{
	size_t room = padded(len);
	uint8_t *grown;

	if (take->err)
		return;
	if (take->len + room > ANSWERS_MAX_BYTES) {
		take->err = -EFBIG;
		return;
	}
	grown = realloc(take->data, take->len + room + 1);	/* never of nothing */
	if (!grown) {
		take->err = -ENOMEM;
		return;
	}
	take->data = grown;
	memset(grown + take->len, 0, room);
	if (len)
		memcpy(grown + take->len, data, len);
	take->len += room;
}

static void put_record(struct take *take, struct record record, const void *data, size_t len)
{
	record.len = record.err ? 0 : len;
	put(take, &record, sizeof(record));
	put(take, data, record.len);
}

static void take_struct(struct take *take, uint32_t request, uint32_t key, void *arg, size_t len)
{
	struct record record = { .request = request, .key = key };

	record.err = os_file_ioctl(take->file, request, arg);
	put_record(take, record, arg, len);
}

/* Nothing happens in what was captured. */
static void take_info(struct take *take)
{
	struct nvvgpu_ioctl_info info = { .size = sizeof(info) };
	struct record record = { .request = NVVGPU_IOCTL_INFO };

	record.err = os_file_ioctl(take->file, NVVGPU_IOCTL_INFO, &info);
	info.features &= ~NVVGPU_FEATURE_EVENTS;
	put_record(take, record, &info, sizeof(info));
}

static void take_type(struct take *take, uint32_t id)
{
	struct nvvgpu_ioctl_type type = { .size = sizeof(type), .id = id };

	take_struct(take, NVVGPU_IOCTL_TYPE_GET, id, &type, sizeof(type));
}

static void take_placements(struct take *take, uint32_t id, uint32_t which)
{
	uint32_t ids[ROOM];
	struct nvvgpu_ioctl_placements in = {
		.size = sizeof(in), .type_id = id, .which = which, .count = ROOM,
		.ids = (uintptr_t)ids,
	};
	struct record record = {
		.request = NVVGPU_IOCTL_PLACEMENTS, .key = id, .which = which,
	};

	record.err = os_file_ioctl(take->file, NVVGPU_IOCTL_PLACEMENTS, &in);
	record.extra = in.length;
	put_record(take, record, ids, (in.count < ROOM ? in.count : ROOM) * sizeof(ids[0]));
}

static void take_types(struct take *take)
{
	__cleanup_free struct nvvgpu_type_state *states = calloc(ROOM, sizeof(*states));
	struct nvvgpu_ioctl_type_list in = {
		.size = sizeof(in), .count = ROOM, .states = (uintptr_t)states,
	};
	struct record record = { .request = NVVGPU_IOCTL_TYPE_LIST };

	if (!states) {
		take->err = -ENOMEM;
		return;
	}
	record.err = os_file_ioctl(take->file, NVVGPU_IOCTL_TYPE_LIST, &in);
	if (record.err || in.count > ROOM)
		in.count = 0;
	put_record(take, record, states, in.count * sizeof(*states));
	for (uint32_t i = 0; i < in.count; i++) {
		take_type(take, states[i].id);
		take_placements(take, states[i].id, NVVGPU_PLACEMENTS_SUPPORTED);
		take_placements(take, states[i].id, NVVGPU_PLACEMENTS_CREATABLE);
	}
}

static void take_params(struct take *take, uint32_t id)
{
	char params[NVVGPU_PARAMS_LEN] = "";
	struct nvvgpu_ioctl_params in = {
		.size = sizeof(in), .id = id, .len = sizeof(params), .params = (uintptr_t)params,
	};
	struct record record = { .request = NVVGPU_IOCTL_PARAMS, .key = id };

	record.err = os_file_ioctl(take->file, NVVGPU_IOCTL_PARAMS, &in);
	put_record(take, record, params, in.len < sizeof(params) ? in.len : 0);
}

static void take_vgpus(struct take *take)
{
	__cleanup_free struct nvvgpu_vgpu_info *infos = calloc(ROOM, sizeof(*infos));
	struct nvvgpu_ioctl_vgpu_list in = {
		.size = sizeof(in), .count = ROOM, .infos = (uintptr_t)infos,
	};
	struct record record = { .request = NVVGPU_IOCTL_VGPU_LIST };

	if (!infos) {
		take->err = -ENOMEM;
		return;
	}
	record.err = os_file_ioctl(take->file, NVVGPU_IOCTL_VGPU_LIST, &in);
	if (record.err || in.count > ROOM)
		in.count = 0;
	put_record(take, record, infos, in.count * sizeof(*infos));
	for (uint32_t i = 0; i < in.count; i++)
		take_params(take, infos[i].id);
}

int answers_take(struct os_file *file, int open_err, uint8_t **ret, size_t *ret_len)
{
	struct nvvgpu_ioctl_stats stats = { .size = sizeof(stats) };
	struct head head = { .byte_order = BYTE_ORDER_MARK, .open_err = open_err };
	struct take take = { .file = file };

	memcpy(head.magic, MAGIC, sizeof(head.magic));
	put(&take, &head, sizeof(head));
	if (file) {
		take_info(&take);
		take_struct(&take, NVVGPU_IOCTL_STATS, 0, &stats, sizeof(stats));
		take_types(&take);
		take_vgpus(&take);
	}
	if (take.err) {
		free(take.data);
		return take.err;
	}
	*ret = take.data;
	*ret_len = take.len;
	return 0;
}

/* ---------------------------------------------------------------------- give */

struct answers {
	struct os_file file;
	size_t len;
	uint8_t data[];		/* records; whoever made them: nothing of them is trusted */
};

/* The record, and in *ret its data; NULL: this was not asked. */
static const struct record *find(const struct answers *answers, uint32_t request, uint32_t key,
				 uint32_t which, const uint8_t **ret)
{
	size_t at = 0;

	while (answers->len - at >= sizeof(struct record)) {
		const struct record *record = (const void *)(answers->data + at);

		at += sizeof(*record);
		if (record->len > answers->len - at)
			return NULL;
		if (record->request == request && record->key == key && record->which == which) {
			*ret = answers->data + at;
			return record;
		}
		at += padded(record->len);
		if (at > answers->len)
			return NULL;
	}
	return NULL;
}

/* All requests have their size first, and keep it; a longer structure than was kept ends in zeros. */
static int give_struct(const struct answers *answers, uint32_t request, uint32_t key, void *arg)
{
	uint32_t size = *(uint32_t *)arg;
	const struct record *record;
	const uint8_t *data;
	size_t len;

	record = find(answers, request, key, 0, &data);
	if (!record)
		return -EIO;
	if (record->err)
		return record->err < 0 ? record->err : -EIO;
	len = record->len < size ? record->len : size;
	memset(arg, 0, size);
	memcpy(arg, data, len);
	*(uint32_t *)arg = size;
	return 0;
}

static int give_array(const struct answers *answers, const struct record *wanted,
		      uint64_t pointer, size_t element, uint32_t *count, uint32_t *extra)
{
	const struct record *record;
	const uint8_t *data;
	uint32_t there;
	bool fits;

	record = find(answers, wanted->request, wanted->key, wanted->which, &data);
	if (!record)
		return -EIO;
	if (record->err)
		return record->err < 0 ? record->err : -EIO;
	there = record->len / element;
	fits = there <= *count;
	*count = there;
	if (extra)
		*extra = record->extra;
	if (fits && there)
		memcpy((void *)(uintptr_t)pointer, data, there * element);
	return fits ? 0 : -ENOSPC;
}

static int give_types(const struct answers *answers, struct nvvgpu_ioctl_type_list *in)
{
	return give_array(answers, &(struct record){ .request = NVVGPU_IOCTL_TYPE_LIST },
			  in->states, sizeof(struct nvvgpu_type_state), &in->count, NULL);
}

static int give_vgpus(const struct answers *answers, struct nvvgpu_ioctl_vgpu_list *in)
{
	return give_array(answers, &(struct record){ .request = NVVGPU_IOCTL_VGPU_LIST },
			  in->infos, sizeof(struct nvvgpu_vgpu_info), &in->count, NULL);
}

static int give_placements(const struct answers *answers, struct nvvgpu_ioctl_placements *in)
{
	return give_array(answers, &(struct record){ .request = NVVGPU_IOCTL_PLACEMENTS,
						     .key = in->type_id, .which = in->which },
			  in->ids, sizeof(uint32_t), &in->count, &in->length);
}

static int give_params(const struct answers *answers, struct nvvgpu_ioctl_params *in)
{
	if (in->flags)
		return -EROFS;
	return give_array(answers, &(struct record){ .request = NVVGPU_IOCTL_PARAMS,
						     .key = in->id },
			  in->params, 1, &in->len, NULL);
}

/* One of the list. */
static int give_vgpu(const struct answers *answers, struct nvvgpu_ioctl_vgpu_get *in)
{
	const struct nvvgpu_vgpu_info *infos;
	const struct record *record;
	const uint8_t *data;

	record = find(answers, NVVGPU_IOCTL_VGPU_LIST, 0, 0, &data);
	if (!record || record->err)
		return -EIO;
	infos = (const void *)data;
	for (uint32_t i = 0; i < record->len / sizeof(*infos); i++)
		if (infos[i].id == in->id) {
			in->info = infos[i];
			return 0;
		}
	return -ENODEV;
}

static int answers_ioctl(struct os_file *file, unsigned long request, void *arg)
{
	const struct answers *answers = (const struct answers *)file;

	switch (request) {
	case NVVGPU_IOCTL_INFO:
	case NVVGPU_IOCTL_STATS:
		return give_struct(answers, request, 0, arg);
	case NVVGPU_IOCTL_TYPE_GET:
		return give_struct(answers, request, ((struct nvvgpu_ioctl_type *)arg)->id, arg);
	case NVVGPU_IOCTL_TYPE_LIST:
		return give_types(answers, arg);
	case NVVGPU_IOCTL_PLACEMENTS:
		return give_placements(answers, arg);
	case NVVGPU_IOCTL_VGPU_LIST:
		return give_vgpus(answers, arg);
	case NVVGPU_IOCTL_VGPU_GET:
		return give_vgpu(answers, arg);
	case NVVGPU_IOCTL_PARAMS:
		return give_params(answers, arg);
	default:
		return -EROFS;
	}
}

static void answers_close(struct os_file *file)
{
	free(file);
}

static ssize_t no_read(struct os_file *file, void *buf, size_t len)
{
	return -EAGAIN;
}

static ssize_t no_write(struct os_file *file, const void *buf, size_t len)
{
	return -EROFS;
}

static ssize_t no_pread(struct os_file *file, void *buf, size_t len, uint64_t offset)
{
	return -EAGAIN;
}

static ssize_t no_pwrite(struct os_file *file, const void *buf, size_t len, uint64_t offset)
{
	return -EROFS;
}

static int no_poll_fd(struct os_file *file)
{
	return -EOPNOTSUPP;
}

static const struct os_file_ops answers_ops = {
	.close = answers_close,
	.ioctl = answers_ioctl,
	.read = no_read,
	.write = no_write,
	.pread = no_pread,
	.pwrite = no_pwrite,
	.poll_fd = no_poll_fd,
};

int answers_open(const void *data, size_t len, struct os_file **ret)
{
	struct answers *answers;
	struct head head;

	if (len < sizeof(head) || len > ANSWERS_MAX_BYTES)
		return -EBADMSG;
	memcpy(&head, data, sizeof(head));
	if (memcmp(head.magic, MAGIC, sizeof(head.magic)) || head.byte_order != BYTE_ORDER_MARK)
		return -EBADMSG;
	if (head.open_err)
		return head.open_err < 0 && head.open_err > -4096 ? head.open_err : -EBADMSG;
	len -= sizeof(head);
	answers = malloc(sizeof(*answers) + len);
	if (!answers)
		return -ENOMEM;
	answers->file.ops = &answers_ops;
	answers->len = len;
	memcpy(answers->data, (const uint8_t *)data + sizeof(head), len);
	*ret = &answers->file;
	return 0;
}
