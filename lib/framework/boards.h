/* SPDX-License-Identifier: MIT */
/*
 * What is known of a board and its types beside what its driver shows in sysfs: by
 * NVIDIA's vgpuConfig.xml where the host has it, else by the table of kmod/emu/boards.c.
 * Drivers of the field show names and ids, and only of what can be created now.
 */
#ifndef NVVGPU_LIB_FRAMEWORK_BOARDS_H
#define NVVGPU_LIB_FRAMEWORK_BOARDS_H

#include "framework/framework.h"

struct board {
	char name[FRAMEWORK_TEXT_LEN];	/* "": not known */
	uint64_t framebuffer_bytes;	/* that vGPUs can share; 0: not known */
	bool rules_known;		/* the two below are true of it */
	bool mixed_size;
	bool placements;		/* ids also while all vGPUs have one size */
	/*
	 * the ids are those of its driver; else they are only if the driver's own rows agree:
	 * a name is never told wrong, an id may be
	 */
	bool ids_certain;
	uint32_t type_count;
	struct framework_type types[FRAMEWORK_MAX_TYPES];	/* ordered by id */
};

/* Of an unknown board everything is empty.  *ret is to be freed; -ENOMEM */
int board_learn(struct framework *fw, struct board **ret);

/* By its PCI ids alone.  "": not known */
const char *board_name(const struct framework *fw);

/* NULL: not known */
const struct framework_type *board_type_by_name(const struct board *board, const char *name);
const struct framework_type *board_type_by_id(const struct board *board, uint32_t id);

/*
 * Fills what is known of a type by its name, and what the name says, where nothing is
 * there yet.  id and name are set.
 */
void board_describe(const struct board *board, struct framework_type *type);

#endif
