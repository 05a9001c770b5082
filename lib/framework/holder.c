// SPDX-License-Identifier: MIT
#include "framework/holder.h"
#include "util/text.h"

static int take(pid_t pid, const char *program, void *arg)
{
	struct holder *holder = arg;

	holder->pid = pid;
	text_copy(holder->program, sizeof(holder->program), program);
	text_sanitize(holder->program);
	return 1;
}

int holder_find(struct os *os, const char *name, struct holder *ret)
{
	struct holder holder;
	int found = os->ops->holders(os, name, take, &holder);

	if (found == 1)
		*ret = holder;
	return found;
}

int holder_refuse(const char *object, const struct holder *holder)
{
	static const char next[] = "stop the virtual machine that uses it";

	if (!holder)
		return error_set(EBUSY, NVVGPU_REASON_IN_USE, object, "its VFIO device is open", next);
	return error_setf(EBUSY, NVVGPU_REASON_IN_USE, object, next,
			  "its VFIO device is open in process %d (%s)", holder->pid,
			  holder->program);
}
