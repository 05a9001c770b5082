/* SPDX-License-Identifier: MIT */
/* One vGPU against the other, in processes of their own. */
#include <sys/wait.h>
#include <uapi/nvvgpu.h>
#include "device.h"

static void sync_with(int out, int in)
{
	char byte = 0;

	expect_eq(write(out, &byte, 1), 1);
	expect_eq(read(in, &byte, 1), 1);
}

static void one_of_two(int number, int out, int in)
{
	struct device device = device_open(number);
	uint64_t mine = 10000 + 5000 * number;
	uint32_t *memory = map_memory(&device);
	int fd = vector(&device, 0);

	bus_master(&device, true);
	sync_with(out, in);
	leave_traces(&device, mine);
	sync_with(out, in);
	expect_traces(&device, mine);
	expect_eq(memory[2], model.memory ? mine + PLAIN / PAGE : 0);
	sync_with(out, in);
	if (number)
		reset(&device);
	sync_with(out, in);
	expect_traces(&device, number ? 0 : mine);
	expect_eq(memory[2], number || !model.memory ? 0 : mine + PLAIN / PAGE);
	sync_with(out, in);
	if (!number)
		reg_put(&device, REG_DOORBELL, 0);
	sync_with(out, in);
	expect_eq(raised(fd, number ? 200 : 5000), !number);
}

void test_two(void)
{
	int there[2], back[2], status;
	pid_t pid;

	expect(!pipe(there) && !pipe(back));
	fflush(stdout);
	pid = fork();
	expect(pid >= 0);
	if (!pid) {
		close(there[1]);
		close(back[0]);
		one_of_two(1, back[1], there[0]);
		_exit(0);
	}
	close(there[0]);
	close(back[1]);
	one_of_two(0, there[1], back[0]);
	expect_eq(waitpid(pid, &status, 0), pid);
	expect_eq(status, 0);
}

/* Memory that one vGPU maps is not there for the other. */
void test_two_dma(void)
{
	struct device first = device_open(0), second = device_open(1);
	uint8_t *memory = guest_memory(MIB);

	dma_map(&first, memory, IOVA, MIB, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
	bus_master(&first, true);
	bus_master(&second, true);
	expect_eq(copy(&first, IOVA, 0, 4096, COPY_TO_FB), 0);
	expect_eq(copy(&second, IOVA, 0, 4096, COPY_TO_FB), EFAULT);
	expect_eq(copy(&second, IOVA, 0, 4096, COPY_FROM_FB), EFAULT);
}

void test_busy(void)
{
	struct device device = device_open(0);
	struct nvvgpu_ioctl_destroy destroy = { .size = sizeof(destroy), .id = vgpus[0] };
	struct vfio again;
	char path[PATH_MAX];
	int node;

	expect_eq(vfio_open(functions[0], &again), -EBUSY);
	expect_eq(reg_get(&device, REG_BOOT1), 0x00020000);
	if (!vgpus[0])
		return;
	snprintf(path, sizeof(path), "/dev/nvvgpu/%s", pf);
	node = open(path, O_RDWR | O_CLOEXEC);
	expect(node >= 0);
	expect_errno(ioctl(node, NVVGPU_IOCTL_DESTROY, &destroy), EBUSY);
	expect_eq(reg_get(&device, REG_BOOT1), 0x00020000);
}
