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

int holder_state(struct os *os, const char *name, enum nvvgpu_vgpu_state *ret)
{
	struct holder holder;
	int found = holder_find(os, name, &holder);

	if (found < 0 && found != -EACCES)
		return error_errno(found, name, "looking for who has its VFIO device open");
	*ret = found > 0 ? NVVGPU_VGPU_RUNNING :
	       found < 0 ? NVVGPU_VGPU_UNKNOWN : NVVGPU_VGPU_ASSIGNED;
	return 0;
}

int holder_check(struct os *os, const char *name, const char *object)
{
	struct holder holder;

	return holder_find(os, name, &holder) > 0 ? holder_refuse(object, &holder) : 0;
}

int holder_vfio_open(struct os *os, const char *name, const char *object, struct os_file **ret)
{
	int err = os->ops->vfio_open(os, name, ret);

	if (err != -EBUSY)
		return err ? error_errno(err, object, "opening its VFIO device") : 0;
	err = holder_check(os, name, object);
	return err ? err : holder_refuse(object, NULL);
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
