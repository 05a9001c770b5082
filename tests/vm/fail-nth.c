/* SPDX-License-Identifier: MIT */
/*
 * usage: fail-nth write FILE VALUE UNDO-FILE UNDO-VALUE
 *        fail-nth create NODE SLOT TYPE
 *        fail-nth open FUNCTION
 *
 * Does one thing again and again, with the 1st, 2nd, 3rd... allocation of the system call
 * failing, until nothing is left that could fail.  Each failure has to be one, to leave nothing
 * behind, and not to keep the next from succeeding.  /sys/kernel/debug/failslab says which
 * allocations are meant; none of them is an error.  Prints how many were injected, how many of
 * these the call survived.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <uapi/nvvgpu.h>
#include "vfio-open.h"

#define MOST 20000

static int fail_nth_fd;

static void arm(int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", nth);

	/* the copy of the text itself may be what fails */
	if (pwrite(fail_nth_fd, text, len, 0) != len && pwrite(fail_nth_fd, text, len, 0) != len) {
		perror("fail-nth: /proc/self/task/*/fail-nth");
		exit(2);
	}
}

/* Whether the armed failure has happened. */
static int disarm(void)
{
	char text[16] = { 0 };
	ssize_t len = pread(fail_nth_fd, text, sizeof(text) - 1, 0);

	arm(0);
	return len > 0 && atoi(text) == 0;
}

/* Files are opened before: what is tested is the one call. */
static int opened = -1;

static int write_value(const char *value)
{
	return write(opened, value, strlen(value)) < 0 ? -errno : 0;
}

static int run_write(char **a)
{
	return write_value(a[1]);
}

static void undo_write(char **a)
{
	int fd = open(a[2], O_WRONLY);

	if (fd < 0 || write(fd, a[3], strlen(a[3])) < 0) {
		fprintf(stderr, "fail-nth: %s to %s: %s\n", a[3], a[2], strerror(errno));
		exit(1);
	}
	close(fd);
}

static struct nvvgpu_ioctl_create create;

static int run_create(char **a)
{
	create = (struct nvvgpu_ioctl_create){
		.size = sizeof(create),
		.type_id = atoi(a[2]),
		.slot = atoi(a[1]),
		.placement = NVVGPU_PLACEMENT_ANY,
		.uuid = { 1, 2, 3, 4, 5, 6, 0x47, 8, 0x89 },
	};
	return ioctl(opened, NVVGPU_IOCTL_CREATE, &create) ? -errno : 0;
}

static void undo_create(char **a)
{
	struct nvvgpu_ioctl_destroy destroy = { .size = sizeof(destroy), .id = create.info.id };

	(void)a;
	if (ioctl(opened, NVVGPU_IOCTL_DESTROY, &destroy)) {
		perror("fail-nth: destroying");
		exit(1);
	}
}

static struct vfio vfio;

static int run_open(char **a)
{
	return vfio_open(a[0], &vfio);
}

static void undo_open(char **a)
{
	(void)a;
	vfio_close(&vfio);
}

static const struct {
	const char *name;
	int (*run)(char **a);
	void (*undo)(char **a);
	int arguments;
	int opens;
} actions[] = {
	{ "write", run_write, undo_write, 4, 1 },
	{ "create", run_create, undo_create, 3, 1 },
	{ "open", run_open, undo_open, 1, 0 },
};

static int loop(size_t which, char **a)
{
	int nth, failed = 0, survived = 0, err;

	for (nth = 1; nth < MOST; nth++) {
		int happened;

		arm(nth);
		err = actions[which].run(a);
		happened = disarm();
		if (!err)
			actions[which].undo(a);
		else if (!happened)
			break;
		failed += err != 0;
		survived += happened && !err;
		if (!happened)
			break;
	}
	printf("fail-nth: %s %s: %d injected, %d failed, %d survived\n", actions[which].name, a[0],
	       nth - 1, failed, survived);
	if (err) {
		fprintf(stderr, "fail-nth: without a failure left: %s\n", strerror(-err));
		return 1;
	}
	if (nth == 1)
		fprintf(stderr, "fail-nth: there is nothing that could fail\n");
	return nth > 1 && nth < MOST ? 0 : 1;
}

int main(int argc, char **argv)
{
	char path[64];
	size_t i;

	for (i = 0; argc > 1 && i < sizeof(actions) / sizeof(actions[0]); i++)
		if (!strcmp(argv[1], actions[i].name) && argc == 2 + actions[i].arguments)
			break;
	if (argc < 2 || i == sizeof(actions) / sizeof(actions[0])) {
		fprintf(stderr, "usage: fail-nth write FILE VALUE UNDO-FILE UNDO-VALUE\n"
				"       fail-nth create NODE SLOT TYPE\n"
				"       fail-nth open FUNCTION\n");
		return 2;
	}
	snprintf(path, sizeof(path), "/proc/self/task/%ld/fail-nth", syscall(SYS_gettid));
	fail_nth_fd = open(path, O_RDWR);
	if (fail_nth_fd < 0) {
		perror("fail-nth: this kernel has no fault injection");
		return 2;
	}
	if (actions[i].opens)
		opened = open(argv[2], strcmp(argv[1], "write") ? O_RDWR : O_WRONLY);
	if (actions[i].opens && opened < 0) {
		perror(argv[2]);
		return 2;
	}
	return loop(i, argv + 2);
}
