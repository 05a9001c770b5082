// SPDX-License-Identifier: MIT
/*
 * libFuzzer target: sequences of requests against the manager on an emulated
 * board.  An input is a list of steps: one byte says which, the bytes behind it
 * are its arguments.  Array pointers are replaced by memory of exactly the size
 * that the request claims, so that the sanitizer sees every byte too many.
 *
 * The board is booted once.  Each input ends with everything destroyed, and
 * then every allocator has to be where it was.
 */
#include <stdlib.h>
#include "../harness/board.h"
#include "kmod/vfio/migration.h"

#define STEPS_MAX	48
#define DEVICES		4		/* slots that are ever opened */
#define MEMORY_MAX	(NVVGPU_MAX_WARM_STATE + 1)

struct input {
	const u8 *at;
	size_t left;
};

struct device {
	struct nvvgpu_mgr_vgpu *vgpu;
	struct nvvgpu_migration *migration;
	struct nvvgpu_migration_session *session;
};

struct run {
	struct board board;
	struct nvvgpu_core_ops ops;
	struct nvvgpu_core_totals totals;	/* of the empty board */
	struct device devices[DEVICES];
	u64 cursor;
};

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* -------------------------------------------------------------------------- input */

/* Missing bytes are zeros. */
static void take(struct input *in, void *to, size_t len)
{
	size_t part = min(len, in->left);

	memset(to, 0, len);
	if (part)
		memcpy(to, in->at, part);
	in->at += part;
	in->left -= part;
}

static u8 take_u8(struct input *in)
{
	u8 value;

	take(in, &value, sizeof(value));
	return value;
}

static u16 take_u16(struct input *in)
{
	u16 value;

	take(in, &value, sizeof(value));
	return value;
}

/* A number as attackers like it: small, at the edges, or anything. */
static u32 take_number(struct input *in)
{
	static const u32 edges[] = { 0xffffffff, 0x7fffffff, 0x80000000, 0x10000, 1024, 1023, 64 };
	u8 first = take_u8(in);
	u32 value;

	if (first < 0xc0)
		return first;
	if (first < 0xf0)
		return edges[first % ARRAY_SIZE(edges)];
	take(in, &value, sizeof(value));
	return value;
}

/* As much memory as the request claims, up to what no request may read beyond. */
static void *claimed(struct input *in, u64 bytes)
{
	size_t len = min_t(u64, bytes, MEMORY_MAX);
	u8 *memory = malloc(len ? len : 1);

	if (!memory)
		abort();
	take(in, memory, len);
	return memory;
}

/* ----------------------------------------------------------------------- requests */

union request {
	u32 words[2];			/* size, flags */
	struct nvvgpu_ioctl_info info;
	struct nvvgpu_ioctl_type type;
	struct nvvgpu_ioctl_type_list type_list;
	struct nvvgpu_ioctl_create create;
	struct nvvgpu_ioctl_vgpu_list vgpu_list;
	struct nvvgpu_ioctl_params params;
	struct nvvgpu_ioctl_placements placements;
	struct nvvgpu_ioctl_mode mode;
	struct nvvgpu_ioctl_stats stats;
	struct nvvgpu_ioctl_warm warm;
	u8 bytes[PAGE_SIZE + 16];
};

#define REQUEST(_cmd, _type)	{ NVVGPU_IOCTL_##_cmd, sizeof(struct nvvgpu_ioctl_##_type) }

static const struct {
	unsigned int cmd;
	u32 size;
} requests[] = {
	REQUEST(INFO, info), REQUEST(TYPE_ADD, type), REQUEST(TYPE_GET, type),
	REQUEST(TYPE_LIST, type_list), REQUEST(CREATE, create), REQUEST(DESTROY, destroy),
	REQUEST(VGPU_LIST, vgpu_list), REQUEST(VGPU_GET, vgpu_get), REQUEST(PARAMS, params),
	REQUEST(PLACEMENTS, placements), REQUEST(MODE_SET, mode), REQUEST(STATS, stats),
	REQUEST(WARM_SAVE, warm), REQUEST(WARM_RESTORE, warm),
	{ 0xdeadbeef, 8 },
};

/* The request's pointer, replaced by memory of the claimed size; NULL: it has none. */
static void *give_memory(struct input *in, unsigned int cmd, union request *request)
{
	void *memory = NULL;

	switch (cmd) {
	case NVVGPU_IOCTL_TYPE_LIST:
		memory = claimed(in, (u64)request->type_list.count *
					     sizeof(struct nvvgpu_type_state));
		request->type_list.states = (uintptr_t)memory;
		break;
	case NVVGPU_IOCTL_VGPU_LIST:
		memory = claimed(in, (u64)request->vgpu_list.count *
					     sizeof(struct nvvgpu_vgpu_info));
		request->vgpu_list.infos = (uintptr_t)memory;
		break;
	case NVVGPU_IOCTL_PLACEMENTS:
		memory = claimed(in, (u64)request->placements.count * sizeof(u32));
		request->placements.ids = (uintptr_t)memory;
		break;
	case NVVGPU_IOCTL_CREATE:
		memory = claimed(in, request->create.params_len);
		request->create.params = (uintptr_t)memory;
		break;
	case NVVGPU_IOCTL_PARAMS:
		memory = claimed(in, request->params.len);
		request->params.params = (uintptr_t)memory;
		break;
	case NVVGPU_IOCTL_WARM_SAVE:
	case NVVGPU_IOCTL_WARM_RESTORE:
		memory = claimed(in, request->warm.len);
		request->warm.data = (uintptr_t)memory;
		break;
	}
	return memory;
}

/* Raw bytes as a structure; most have the right size, or nothing else would be reached. */
static void raw_request(struct run *run, struct input *in)
{
	u8 pick = take_u8(in);
	u32 index = pick % ARRAY_SIZE(requests);
	union request request = { 0 };
	bool may_change = pick < 0xe0;
	void *memory;

	take(in, &request, requests[index].size);
	if (request.words[0] & 1)
		request.words[0] = requests[index].size;
	memory = give_memory(in, requests[index].cmd, &request);
	nvvgpu_mgr_ioctl(run->board.mgr, requests[index].cmd, &request, may_change);
	free(memory);
}

static void create_known(struct run *run, struct input *in)
{
	const struct nvvgpu_emu_board_data *data = run->board.data;
	struct nvvgpu_ioctl_create arg = { .size = sizeof(arg) };
	void *params;

	arg.type_id = data->types[take_u8(in) % data->type_count].id;
	arg.slot = take_number(in);
	arg.placement = take_number(in);
	arg.params_len = take_number(in);
	take(in, arg.uuid, 2);
	arg.uuid[15] = 1;
	params = claimed(in, arg.params_len);
	arg.params = (uintptr_t)params;
	nvvgpu_mgr_ioctl(run->board.mgr, NVVGPU_IOCTL_CREATE, &arg, true);
	free(params);
}

static void destroy_one(struct run *run, struct input *in)
{
	struct nvvgpu_ioctl_destroy arg = { .size = sizeof(arg), .id = take_number(in) };

	nvvgpu_mgr_ioctl(run->board.mgr, NVVGPU_IOCTL_DESTROY, &arg, true);
}

static void set_mode(struct run *run, u32 mode)
{
	struct nvvgpu_ioctl_mode arg = { .size = sizeof(arg), .mode = mode };

	nvvgpu_mgr_ioctl(run->board.mgr, NVVGPU_IOCTL_MODE_SET, &arg, true);
}

static void destroy_all(struct run *run)
{
	struct nvvgpu_vgpu_info infos[NVVGPU_MAX_VGPUS];
	struct nvvgpu_ioctl_vgpu_list list = {
		.size = sizeof(list),
		.count = NVVGPU_MAX_VGPUS,
		.infos = (uintptr_t)infos,
	};

	if (nvvgpu_mgr_ioctl(run->board.mgr, NVVGPU_IOCTL_VGPU_LIST, &list, true))
		abort();
	for (u32 i = 0; i < list.count; i++) {
		struct nvvgpu_ioctl_destroy arg = { .size = sizeof(arg), .id = infos[i].id };

		if (nvvgpu_mgr_ioctl(run->board.mgr, NVVGPU_IOCTL_DESTROY, &arg, true))
			abort();
	}
}

/* An image of now, changed in a few places and sealed again, onto the emptied board. */
static void forged_image(struct run *run, struct input *in)
{
	static u8 image[1 << 17];
	struct nvvgpu_ioctl_warm arg = {
		.size = sizeof(arg),
		.data = (uintptr_t)image,
		.len = sizeof(image),
	};

	if (nvvgpu_mgr_ioctl(run->board.mgr, NVVGPU_IOCTL_WARM_SAVE, &arg, true))
		return;
	for (int changes = take_u8(in) % 4; changes; changes--) {
		u32 at = take_u16(in);

		image[at % arg.len] = take_u8(in);
	}
	put_unaligned_le32(crc32_le(crc32_le(~0U, image, 16), image + 20, arg.len - 20),
			   image + 16);
	if (run->devices[0].vgpu || run->devices[1].vgpu || run->devices[2].vgpu ||
	    run->devices[3].vgpu)
		return;
	destroy_all(run);
	nvvgpu_mgr_ioctl(run->board.mgr, NVVGPU_IOCTL_WARM_RESTORE, &arg, true);
}

/* ------------------------------------------------------------------------ devices */

static void open_device(struct run *run, u32 slot)
{
	struct device *device = &run->devices[slot];

	if (device->vgpu || nvvgpu_mgr_open(run->board.mgr, slot, 1, &device->vgpu))
		return;
	if (nvvgpu_migration_init(device->vgpu, &device->migration))
		abort();
}

static void end_session(struct device *device)
{
	if (device->session)
		nvvgpu_migration_session_put(device->session);
	device->session = NULL;
}

static void close_device(struct device *device)
{
	if (!device->vgpu)
		return;
	end_session(device);
	nvvgpu_migration_fini(device->migration);
	nvvgpu_mgr_close(device->vgpu);
	memset(device, 0, sizeof(*device));
}

static void migrate(struct device *device, u32 state)
{
	struct nvvgpu_migration_session *session = NULL;

	if (!device->vgpu || nvvgpu_migration_set_state(device->migration, state, &session) ||
	    !session)
		return;
	end_session(device);
	device->session = session;
}

static void session_read(struct device *device, struct input *in)
{
	size_t len = take_u16(in);
	u8 *memory;

	if (!device->session)
		return;
	memory = malloc(len ? len : 1);
	if (!memory)
		abort();
	nvvgpu_migration_read(device->session, (char *)memory, len);
	free(memory);
}

static void session_write(struct device *device, struct input *in)
{
	size_t len = take_u16(in) % 1024;
	void *memory;

	if (!device->session)
		return;
	memory = claimed(in, len);
	nvvgpu_migration_write(device->session, memory, len);
	free(memory);
}

static void reset_device(struct device *device)
{
	if (device->vgpu && !nvvgpu_mgr_reset(device->vgpu))
		nvvgpu_migration_reset(device->migration);
}

static void device_step(struct run *run, struct input *in)
{
	u8 what = take_u8(in);
	u32 slot = what % DEVICES;
	struct device *device = &run->devices[slot];

	switch (what / DEVICES % 8) {
	case 0:
		open_device(run, slot);
		break;
	case 1:
		close_device(device);
		break;
	case 2:
		migrate(device, take_u8(in) % 9);
		break;
	case 3:
		session_read(device, in);
		break;
	case 4:
		session_write(device, in);
		break;
	case 5:
		reset_device(device);
		break;
	case 6:
		nvvgpu_emu_crash_plugin(run->board.emu, slot + 1);
		break;
	default:
		if (device->vgpu)
			nvvgpu_mgr_set_bus_master(device->vgpu, what & 0x80);
	}
}

/* -------------------------------------------------------------------------- steps */

static void read_events(struct run *run, struct input *in)
{
	size_t len = take_u16(in);
	void *memory = claimed(in, len);

	if (len & 1)
		run->cursor -= take_u16(in);
	nvvgpu_mgr_event_read(run->board.mgr, &run->cursor, memory, len);
	free(memory);
}

static void show(struct run *run, struct input *in)
{
	struct nvvgpu_mgr *mgr = run->board.mgr;
	u32 slot = take_number(in);
	char page[PAGE_SIZE];

	nvvgpu_mgr_show_creatable_types(mgr, slot, page);
	nvvgpu_mgr_show_current_type(mgr, slot, page);
	nvvgpu_mgr_show_params(mgr, slot, page);
	nvvgpu_mgr_show_placement(mgr, slot, page);
}

static void step(struct run *run, struct input *in)
{
	switch (take_u8(in) % 12) {
	case 0:
	case 1:
	case 2:
		raw_request(run, in);
		break;
	case 3:
	case 4:
		create_known(run, in);
		break;
	case 5:
		destroy_one(run, in);
		break;
	case 6:
	case 7:
		device_step(run, in);
		break;
	case 8:
		set_mode(run, take_u8(in) % 3);
		break;
	case 9:
		forged_image(run, in);
		break;
	case 10:
		read_events(run, in);
		break;
	default:
		show(run, in);
		nvvgpu_mgr_set_slots_enabled(run->board.mgr, take_u8(in) % 48);
	}
	board_settle(&run->board);
}

/* ------------------------------------------------------------------- begin and end */

static struct run *run_new(void)
{
	struct run *run = calloc(1, sizeof(*run));

	if (!run || board_start(&run->board, "rtx6000-ada"))
		abort();
	strscpy(run->ops.version_string, NVVGPU_CORE_OPS_VERSION, sizeof(run->ops.version_string));
	if (nvvgpu_core_get_ops(run->board.core, &run->ops))
		abort();
	run->ops.get_totals(run->board.core, &run->totals);
	return run;
}

/* Types only come, they never go. */
static void forget_types(struct run *run)
{
	struct nvvgpu_ioctl_info info = { .size = sizeof(info) };

	if (nvvgpu_mgr_ioctl(run->board.mgr, NVVGPU_IOCTL_INFO, &info, false))
		abort();
	if (info.types == run->board.data->type_count)
		return;
	nvvgpu_mgr_stop(run->board.mgr);
	if (board_start_manager(&run->board))
		abort();
}

/* Back to the board as it was booted. */
static void run_reset(struct run *run)
{
	struct nvvgpu_core_totals now;

	for (u32 i = 0; i < DEVICES; i++)
		close_device(&run->devices[i]);
	destroy_all(run);
	set_mode(run, NVVGPU_MODE_EQUAL_SIZE);
	board_settle(&run->board);
	run->ops.get_totals(run->board.core, &now);
	if (now.guest_fb_free != run->totals.guest_fb_free ||
	    now.heap_free != run->totals.heap_free || now.bar1_free != run->totals.bar1_free ||
	    now.channels_free != run->totals.channels_free ||
	    now.clients != run->totals.clients || now.plugins != run->totals.plugins)
		abort();
	forget_types(run);
	nvvgpu_mgr_set_slots_enabled(run->board.mgr, board_slots(&run->board));
	board_settle(&run->board);
	run->cursor = nvvgpu_mgr_event_cursor(run->board.mgr);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct run *run;
	struct input in = { .at = data, .left = size };

	if (!run)
		run = run_new();
	for (int i = 0; i < STEPS_MAX && in.left; i++)
		step(run, &in);
	run_reset(run);
	return 0;
}
