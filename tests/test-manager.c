// SPDX-License-Identifier: MIT
/* The program, and the short forms that its files share. */
#include "manager/manager.h"

const char *const board_ids[BOARDS] = {
	"l40", "l40s", "a40", "rtx6000-ada", "l4", "a16", "t4",
};

struct board board;

void start(const char *id)
{
	ck_assert_int_eq(board_start(&board, id), 0);
}

struct nvvgpu_ioctl_stats stats(struct board *b)
{
	struct nvvgpu_ioctl_stats stats = { .size = sizeof(stats) };

	ck_assert_int_eq(board_ioctl(b, NVVGPU_IOCTL_STATS, &stats), 0);
	return stats;
}

struct nvvgpu_ioctl_info info(struct board *b)
{
	struct nvvgpu_ioctl_info info = { .size = sizeof(info) };

	ck_assert_int_eq(board_ioctl(b, NVVGPU_IOCTL_INFO, &info), 0);
	return info;
}

struct nvvgpu_ioctl_create recipe(struct board *b, u32 type)
{
	struct nvvgpu_ioctl_create arg = {
		.size = sizeof(arg),
		.type_id = type,
		.slot = NVVGPU_SLOT_ANY,
		.placement = NVVGPU_PLACEMENT_ANY,
	};

	put_unaligned_le32(++b->next_uuid, arg.uuid);
	return arg;
}

long try_create(struct board *b, u32 type, struct nvvgpu_ioctl_create *arg)
{
	*arg = recipe(b, type);
	return board_ioctl(b, NVVGPU_IOCTL_CREATE, arg);
}

struct nvvgpu_vgpu_info create(struct board *b, u32 type)
{
	struct nvvgpu_ioctl_create arg;

	ck_assert_int_eq(try_create(b, type, &arg), 0);
	ck_assert_uint_eq(arg.why, NVVGPU_WHY_NONE);
	return arg.info;
}

struct nvvgpu_vgpu_info create_at(struct board *b, u32 type, u32 placement)
{
	struct nvvgpu_ioctl_create arg = recipe(b, type);

	arg.placement = placement;
	ck_assert_int_eq(board_ioctl(b, NVVGPU_IOCTL_CREATE, &arg), 0);
	return arg.info;
}

void refuse(struct board *b, struct nvvgpu_ioctl_create arg, long err, u32 why, u64 detail)
{
	ck_assert_int_eq(board_ioctl(b, NVVGPU_IOCTL_CREATE, &arg), err);
	ck_assert_uint_eq(arg.why, why);
	ck_assert_uint_eq(arg.why_detail, detail);
}

long try_destroy(struct board *b, u32 id, u32 *why)
{
	struct nvvgpu_ioctl_destroy arg = { .size = sizeof(arg), .id = id };
	long err = board_ioctl(b, NVVGPU_IOCTL_DESTROY, &arg);

	if (why)
		*why = arg.why;
	return err;
}

void destroy(struct board *b, u32 id)
{
	ck_assert_int_eq(try_destroy(b, id, NULL), 0);
}

u32 list_vgpus(struct board *b, struct nvvgpu_vgpu_info *infos)
{
	struct nvvgpu_ioctl_vgpu_list arg = {
		.size = sizeof(arg),
		.count = NVVGPU_MAX_VGPUS,
		.infos = (uintptr_t)infos,
	};

	ck_assert_int_eq(board_ioctl(b, NVVGPU_IOCTL_VGPU_LIST, &arg), 0);
	return arg.count;
}

void destroy_all(struct board *b)
{
	struct nvvgpu_vgpu_info infos[NVVGPU_MAX_VGPUS];
	u32 count = list_vgpus(b, infos);

	for (u32 i = 0; i < count; i++)
		destroy(b, infos[i].id);
}

u32 list_types(struct board *b, struct nvvgpu_type_state *states)
{
	struct nvvgpu_ioctl_type_list arg = {
		.size = sizeof(arg),
		.count = NVVGPU_MAX_TYPES,
		.states = (uintptr_t)states,
	};

	ck_assert_int_eq(board_ioctl(b, NVVGPU_IOCTL_TYPE_LIST, &arg), 0);
	return arg.count;
}

struct nvvgpu_type_state type_state(struct board *b, u32 id)
{
	struct nvvgpu_type_state states[NVVGPU_MAX_TYPES];
	u32 count = list_types(b, states);

	for (u32 i = 0; i < count; i++) {
		/* 0 never comes without a why */
		ck_assert((states[i].available == 0) == (states[i].why != NVVGPU_WHY_NONE));
		if (states[i].id == id)
			return states[i];
	}
	ck_abort_msg("type %u is not listed", id);
}

u32 placements(struct board *b, u32 type, u32 which, u32 *ids, u32 *ret_length)
{
	struct nvvgpu_ioctl_placements arg = {
		.size = sizeof(arg),
		.type_id = type,
		.which = which,
		.count = NVVGPU_MAX_VGPUS,
		.ids = (uintptr_t)ids,
	};

	ck_assert_int_eq(board_ioctl(b, NVVGPU_IOCTL_PLACEMENTS, &arg), 0);
	if (ret_length)
		*ret_length = arg.length;
	return arg.count;
}

long set_mode(struct board *b, u32 mode, u32 *why)
{
	struct nvvgpu_ioctl_mode arg = { .size = sizeof(arg), .mode = mode };
	long err = board_ioctl(b, NVVGPU_IOCTL_MODE_SET, &arg);

	if (why)
		*why = arg.why;
	return err;
}

const struct nvvgpu_type_desc *type_by_name(const struct board *b, const char *tail)
{
	for (u32 i = 0; i < b->data->type_count; i++) {
		const struct nvvgpu_type_desc *type = &b->data->types[i];
		const char *dash = strrchr(type->name, '-');

		if (dash && !strcmp(dash + 1, tail))
			return type;
	}
	ck_abort_msg("no type -%s on %s", tail, b->data->id);
}

u32 type_id(const struct board *b, const char *tail)
{
	return type_by_name(b, tail)->id;
}

void expect_event(u64 *cursor, u32 kind, u32 vgpu_id, u64 value)
{
	struct nvvgpu_event_record record;

	ck_assert_int_eq(nvvgpu_mgr_event_read(board.mgr, cursor, &record, sizeof(record)),
			 sizeof(record));
	ck_assert_uint_eq(record.kind, kind);
	ck_assert_uint_eq(record.vgpu_id, vgpu_id);
	ck_assert_uint_eq(record.value, value);
	ck_assert_uint_eq(record.sequence, *cursor - 1);
	ck_assert_uint_gt(record.time_ns, 0);
}

struct nvvgpu_mgr_vgpu *open_slot(struct board *b, u32 slot)
{
	struct nvvgpu_mgr_vgpu *vgpu;

	ck_assert_int_eq(nvvgpu_mgr_open(b->mgr, slot, 1234, &vgpu), 0);
	board_settle(b);
	return vgpu;
}

void close_vgpu(struct board *b, struct nvvgpu_mgr_vgpu *vgpu)
{
	nvvgpu_mgr_close(vgpu);
	board_settle(b);
}

u32 state_of(struct board *b, u32 id)
{
	struct nvvgpu_ioctl_vgpu_get arg = { .size = sizeof(arg), .id = id };

	ck_assert_int_eq(board_ioctl(b, NVVGPU_IOCTL_VGPU_GET, &arg), 0);
	return arg.info.state;
}

struct footprint footprint(struct board *b)
{
	struct nvvgpu_core_ops ops;
	struct footprint now;

	memset(&now, 0, sizeof(now));
	strscpy(ops.version_string, NVVGPU_CORE_OPS_VERSION, sizeof(ops.version_string));
	ck_assert_int_eq(nvvgpu_core_get_ops(b->core, &ops), 0);
	ops.get_totals(b->core, &now.core);
	nvvgpu_emu_get_totals(b->emu, &now.emu);
	now.stats = stats(b);
	now.allocs = nvvgpu_shim_allocs();
	return now;
}

void same_footprint(const struct footprint *a, const struct footprint *b)
{
	ck_assert_uint_eq(a->core.guest_fb_free, b->core.guest_fb_free);
	ck_assert_uint_eq(a->core.heap_free, b->core.heap_free);
	ck_assert_uint_eq(a->core.bar1_free, b->core.bar1_free);
	ck_assert_uint_eq(a->core.channels_free, b->core.channels_free);
	ck_assert_uint_eq(a->core.clients, b->core.clients);
	ck_assert_uint_eq(a->core.plugins, b->core.plugins);
	ck_assert_uint_eq(a->emu.rm_clients, b->emu.rm_clients);
	ck_assert_uint_eq(a->emu.rm_objects, b->emu.rm_objects);
	ck_assert_uint_eq(a->emu.plugins, b->emu.plugins);
	ck_assert_uint_eq(a->emu.bar1_pages, b->emu.bar1_pages);
	ck_assert_uint_eq(a->stats.vgpus, b->stats.vgpus);
	ck_assert_int_eq(a->allocs, b->allocs);
}

/* A correct driver is never told that it asked for nonsense. */
void nothing_refused(struct board *b)
{
	struct nvvgpu_emu_totals totals;

	nvvgpu_emu_get_totals(b->emu, &totals);
	ck_assert_uint_eq(totals.refused, 0);
}

u32 random_below(u32 *seed, u32 limit)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % limit;
}

long set_params(u32 id, const char *params, size_t len, u32 *why)
{
	struct nvvgpu_ioctl_params arg = {
		.size = sizeof(arg),
		.flags = NVVGPU_PARAMS_SET,
		.id = id,
		.len = len,
		.params = (uintptr_t)params,
	};
	long err = board_ioctl(&board, NVVGPU_IOCTL_PARAMS, &arg);

	*why = arg.why;
	return err;
}

long warm_save(struct board *b, struct image *image)
{
	struct nvvgpu_ioctl_warm arg = {
		.size = sizeof(arg),
		.data = (uintptr_t)image->data,
		.len = sizeof(image->data),
	};
	long err = board_ioctl(b, NVVGPU_IOCTL_WARM_SAVE, &arg);

	image->len = arg.len;
	return err;
}

long warm_restore(struct board *b, const void *data, u32 len, u32 *why)
{
	struct nvvgpu_ioctl_warm arg = {
		.size = sizeof(arg),
		.data = (uintptr_t)data,
		.len = len,
	};
	long err = board_ioctl(b, NVVGPU_IOCTL_WARM_RESTORE, &arg);

	if (why)
		*why = arg.why;
	return err;
}

void replace_manager(struct board *b)
{
	nvvgpu_mgr_stop_warm(b->mgr);
	b->mgr = NULL;
	ck_assert_int_eq(board_start_manager(b), 0);
	board_settle(b);
}

/* Something of everything on the board. */
void populate(struct board *b)
{
	struct nvvgpu_ioctl_create arg;
	u32 why;

	if (b->data->mixed_size)
		ck_assert_int_eq(set_mode(b, NVVGPU_MODE_MIXED_SIZE, NULL), 0);
	arg = recipe(b, type_id(b, "2Q"));
	arg.slot = 5;
	strcpy(arg.owner, "someone");
	ck_assert_int_eq(board_ioctl(b, NVVGPU_IOCTL_CREATE, &arg), 0);
	destroy(b, create(b, type_id(b, "2Q")).id);
	create(b, type_id(b, b->data->mixed_size ? "8Q" : "2Q"));
	set_params(arg.info.id, "a=1,b=2", 7, &why);
}

static Suite *suite(void)
{
	Suite *s = suite_create("manager");

	add_types_cases(s);
	add_vgpus_cases(s);
	add_interface_cases(s);
	add_warm_cases(s);
	add_faults_cases(s);
	add_migration_cases(s);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
