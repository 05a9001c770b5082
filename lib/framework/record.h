/* SPDX-License-Identifier: MIT */
/*
 * Whose a vGPU is, where the driver has no room for it: one record per vGPU in the run
 * directory, which survives the process.  A vGPU without a record was made by another
 * program: its owner is "foreign".
 *
 * The record is written before the vGPU is made and marked complete behind it.  So a
 * program that is killed leaves no vGPU without an owner; who has the lock of the GPU
 * next finds the record incomplete and ends the work (lock.h).  A record whose vGPU is
 * gone, or is another by now, says nothing and is removed by that one too.
 */
#ifndef NVVGPU_LIB_FRAMEWORK_RECORD_H
#define NVVGPU_LIB_FRAMEWORK_RECORD_H

#include "framework/framework.h"

#define RECORD_KEY_LEN		64
#define RECORD_FOREIGN		"foreign"
#define RECORD_PARAMS_LEN	1024

struct record {
	char key[RECORD_KEY_LEN];	/* address of its VF, or uuid and GPU of an mdev */
	char gpu[PCI_ADDRESS_LEN];
	uint8_t uuid[16];
	uint32_t type_id;
	bool complete;
	bool has_placement;
	uint32_t placement;		/* that was asked for */
	char owner[FRAMEWORK_TEXT_LEN];	/* "": none was named */
	char params[RECORD_PARAMS_LEN];	/* that were asked for */
};

/* All: 0 or -errno without a last error.  -ENOENT: there is none, or it is damaged */
int record_read(struct os *os, const char *key, struct record *ret);
int record_write(struct os *os, const struct record *record);	/* incomplete */
/* The same, of what is about to be made. */
int record_begin(struct os *os, const char *key, const char *gpu,
		 const struct framework_request *request);
int record_complete(struct os *os, const char *key);
int record_remove(struct os *os, const char *key);	/* 0 also when there is none */
/* Those of one GPU, NULL: of all; a non-zero return of each ends the walk and is returned. */
int record_walk(struct os *os, const char *gpu,
		int (*each)(const struct record *record, void *arg), void *arg);
/*
 * Those incomplete ones whose keys end so, that a killed program had not written to their end:
 * nothing was made yet.  With the lock of who writes such, so that nobody is writing one.
 */
int record_remove_torn(struct os *os, const char *end);

/*
 * A vGPU that has no record and no uuid: one from where it is and what it is, the same in
 * every program.  Version 8 of RFC 9562, so no random one is ever the same.
 */
void record_foreign_uuid(const char *key, uint32_t type_id, uint8_t uuid[16]);

#endif
