// SPDX-License-Identifier: MIT
/*
 * usage: without noreplace|lists PROGRAM ARGUMENT...
 * The program on a file system that cannot rename without replacing, as NFS: EINVAL; or on one
 * whose directories cannot be listed: EIO.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FLAGS 4			/* which argument of renameat2() */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOW_WORD 0
#else
#define LOW_WORD 4
#endif

#define LOAD_NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define FAIL(err) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (err))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static struct sock_filter noreplace[] = {
	LOAD_NUMBER,
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 3),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[FLAGS]) + LOW_WORD),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
	FAIL(EINVAL),
	ALLOW,
};

static struct sock_filter lists[] = {
	LOAD_NUMBER,
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getdents64, 0, 1),
	FAIL(EIO),
	ALLOW,
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

int main(int argc, char **argv)
{
	struct sock_fprog filter = { .len = LENGTH(noreplace), .filter = noreplace };

	if (argc < 3)
		return 2;
	if (!strcmp(argv[1], "lists"))
		filter = (struct sock_fprog){ .len = LENGTH(lists), .filter = lists };
	else if (strcmp(argv[1], "noreplace"))
		return 2;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter)) {
		perror("without");
		return 1;
	}
	execv(argv[2], argv + 2);
	perror(argv[2]);
	return 1;
}
