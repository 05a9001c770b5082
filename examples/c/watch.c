// SPDX-License-Identifier: MIT
/* Print events until nothing has happened for a while: watch [URI [SECONDS]]
 *
 * Without SECONDS it goes on until it is interrupted.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <nvvgpu/nvvgpu.h>

static void print_event(const struct nvvgpu_event *event)
{
	const char *uuid = nvvgpu_event_get_uuid(event);	/* NULL: it is about the GPU */

	printf("%" PRIu64 " %s %s%s%s\n", nvvgpu_event_get_sequence(event),
	       nvvgpu_event_get_gpu_address(event),
	       nvvgpu_event_kind_name(nvvgpu_event_get_kind(event)), uuid ? " " : "",
	       uuid ? uuid : "");
	fflush(stdout);		/* who reads them from a pipe wants them now */
}

static bool parse_seconds(const char *text, int64_t *ns)
{
	char *end;
	unsigned long seconds = strtoul(text, &end, 10);

	*ns = (int64_t)seconds * 1000000000;
	return end != text && !*end && seconds <= UINT32_MAX;
}

int main(int argc, char **argv)
{
	struct nvvgpu_monitor *monitor = NULL;
	struct nvvgpu *host = NULL;
	struct nvvgpu_event *event;
	int64_t timeout_ns = -1;	/* for ever */
	int err;

	if (argc > 3 || (argc > 2 && !parse_seconds(argv[2], &timeout_ns))) {
		fprintf(stderr, "usage: watch [URI [SECONDS]]\n");
		return 2;
	}
	err = nvvgpu_open(argc > 1 ? argv[1] : NULL, &host);
	if (!err)
		err = nvvgpu_monitor_open(host, &monitor);
	while (!err && !(err = nvvgpu_monitor_next(monitor, timeout_ns, &event))) {
		print_event(event);
		nvvgpu_event_free(event);
	}
	if (err == -EAGAIN)	/* nothing within the time */
		err = 0;
	if (err)
		fprintf(stderr, "%s\n", nvvgpu_error_get_message(nvvgpu_last_error()));
	nvvgpu_monitor_close(monitor);
	nvvgpu_unref(host);
	return err ? 1 : 0;
}
