/* SPDX-License-Identifier: MIT */
/*
 * What the contract cases share.  Only the public API is used, and what a board
 * has is asked of the board: the same cases run on emulated boards and on a host.
 */
#ifndef NVVGPU_TESTS_CONTRACT_FIXTURE_H
#define NVVGPU_TESTS_CONTRACT_FIXTURE_H

#include <check.h>
#include <errno.h>
#include <nvvgpu/nvvgpu.h>

#define GIB		(1ull << 30)
#define MAX_FACTS	64
#define MAX_VGPUS	32
#define MAX_IDS		64
#define KEEP_STATS	6

/* A type as the board listed it while it was empty. */
struct fact {
	char key[12];		/* its id as text */
	const char *name;
	uint32_t id;
	uint32_t max_instances;
	uint64_t framebuffer_bytes;
};

/* The board under test: opened before each case, checked and emptied after it. */
struct board {
	const char *uri;
	const char *types_path;		/* types.txt */
	struct nvvgpu *host;
	struct nvvgpu_gpu *gpu;
	struct nvvgpu_type_list *types;
	struct fact facts[MAX_FACTS];	/* smallest framebuffer first */
	size_t fact_count;
	bool mixed_capable;
	bool placements;		/* equal-size vGPUs have placement ids */
	bool mode_known;		/* the driver tells the mode */
	/* What a framework may lack; then it has to be refused: */
	bool tells;			/* the driver tells more of vGPUs than that they came and went */
	bool counters;			/* statistics beside the number of vGPUs */
	bool placing;			/* placement ids that can be asked for and chosen */
	uint64_t start_stats[KEEP_STATS];
};

extern struct board board;

/* true, having asserted the refusal, where the framework cannot do it */
bool without_counters(void);
bool without_placing(void);

void board_setup(void);
void board_teardown(void);

/* What a new vGPU shall be; NULL leaves the choice to the board. */
struct wish {
	const char *type;
	const char *uuid;
	const char *vf;
	const char *owner;
	const char *param_key, *param_value;
	const uint32_t *placement;
};

#define WISH(...) (&(struct wish){__VA_ARGS__})

int try_create(const struct wish *wish, struct nvvgpu_vgpu **ret);
struct nvvgpu_vgpu *create(const struct wish *wish);
/* Asserts that it is refused, and that nothing was counted or kept. */
void create_refused(const struct wish *wish, int err, int reason);
void destroy(struct nvvgpu_vgpu *vgpu);		/* takes the reference */
void destroy_all(void);				/* whose ever they are */
size_t vgpu_count(void);

/* The current snapshot of a type; a new reference. */
struct nvvgpu_type *type_now(const char *key);
uint32_t available_now(const char *key);	/* must be known */
size_t placements_now(const struct fact *fact, int which, uint32_t ids[MAX_IDS],
		      uint32_t *ret_length);
const struct fact *fact_of_size(uint64_t framebuffer_bytes);	/* NULL: none */
const struct fact *smallest(void);
uint64_t stat_now(int statistic);

/* A refused call: the errno, the reason, and an error that a human can use. */
void check_error(int err, int expected_errno, int reason);

#define assert_ok(call)                                                                            \
	do {                                                                                       \
		int _err = (call);                                                                 \
		ck_assert_msg(_err == 0, "%s: %d, %s: %s", #call, _err,                            \
			      nvvgpu_error_get_object(nvvgpu_last_error()),                        \
			      nvvgpu_error_get_cause(nvvgpu_last_error()));                        \
	} while (0)

/* Framebuffer contents through the device's aperture. */
struct nvvgpu_device *open_device(struct nvvgpu_vgpu *vgpu);
uint64_t aperture_bytes(struct nvvgpu_device *device, struct nvvgpu_vgpu *vgpu);
void fill(struct nvvgpu_device *device, struct nvvgpu_vgpu *vgpu, uint64_t seed);
void check_filled(struct nvvgpu_device *device, struct nvvgpu_vgpu *vgpu, uint64_t seed);
void check_zero(struct nvvgpu_device *device, struct nvvgpu_vgpu *vgpu);

/* one per file of cases */
TCase *discovery_cases(void);
TCase *lifecycle_cases(void);
TCase *placement_cases(void);
TCase *device_cases(void);
TCase *event_cases(void);
TCase *order_cases(void);

#endif
