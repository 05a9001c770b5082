// SPDX-License-Identifier: MIT
/* Print events until nothing has happened for a while: watch [URI [SECONDS]] */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <nvvgpu/nvvgpu.h>

int main(int argc, char **argv)
{
	int64_t timeout_ns = argc > 2 ? atoll(argv[2]) * 1000000000 : -1;
	struct nvvgpu_monitor *monitor = NULL;
	struct nvvgpu_event *event;
	struct nvvgpu *host = NULL;
	const char *uuid;
	int err;

	err = nvvgpu_open(argc > 1 ? argv[1] : NULL, &host);
	if (!err)
		err = nvvgpu_monitor_open(host, &monitor);
	while (!err && !(err = nvvgpu_monitor_next(monitor, timeout_ns, &event))) {
		uuid = nvvgpu_event_get_uuid(event);
		printf("%" PRIu64 " %s %s %s\n", nvvgpu_event_get_sequence(event),
		       nvvgpu_event_get_gpu_address(event),
		       nvvgpu_event_kind_name(nvvgpu_event_get_kind(event)), uuid ? uuid : "");
		nvvgpu_event_free(event);
	}
	if (err != -EAGAIN)
		fprintf(stderr, "%s\n", nvvgpu_error_get_cause(nvvgpu_last_error()));
	nvvgpu_monitor_close(monitor);
	nvvgpu_unref(host);
	return err == -EAGAIN ? 0 : 1;
}
