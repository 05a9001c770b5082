// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include "fail.h"
#include "signals.h"
#include "text.h"

#define NS_PER_SECOND 1000000000
#define FOR_EVER INT64_MAX
/* A signal that comes between the look at the flag and the wait is seen after this time. */
#define SLICE_NS (NS_PER_SECOND / 2)

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = 1;
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_PER_SECOND + t.tv_nsec;
}

static void format_time(const struct nvvgpu_event *event, char out[32])
{
	uint64_t ns = nvvgpu_event_get_time_ns(event);
	time_t seconds = (time_t)(ns / NS_PER_SECOND);
	struct tm parts;
	size_t length;

	if (!localtime_r(&seconds, &parts))
		parts = (struct tm){ .tm_mday = 1 };
	length = strftime(out, 24, "%Y-%m-%d %H:%M:%S", &parts);
	snprintf(out + length, 32 - length, ".%03u", (unsigned int)(ns / 1000000 % 1000));
}

static void add_detail(struct text *text, const struct nvvgpu_event *event)
{
	uint64_t value = nvvgpu_event_get_value(event);

	switch (nvvgpu_event_get_kind(event)) {
	case NVVGPU_EVENT_KIND_MODE:
		text_add(text, nvvgpu_mode_name(value ? NVVGPU_GPU_MODE_MIXED_SIZE :
							NVVGPU_GPU_MODE_EQUAL_SIZE));
		break;
	case NVVGPU_EVENT_KIND_VFS:
		text_addf(text, "%" PRIu64 " VFs", value);
		break;
	case NVVGPU_EVENT_KIND_MIGRATION:
		text_addf(text, "state %" PRIu64, value);
		break;
	case NVVGPU_EVENT_KIND_LOST:
		if (value)
			text_addf(text, "%" PRIu64 " events", value);
		break;
	case NVVGPU_EVENT_KIND_VF_ADDED:
	case NVVGPU_EVENT_KIND_VF_REMOVED:
		text_addf(text, "VF %s", nvvgpu_event_get_vf(event));
		break;
	case NVVGPU_EVENT_KIND_TYPES:
		text_addf(text, "%" PRIu64 " can be created", value);
		break;
	default:
		if (nvvgpu_event_get_type_id(event))
			text_addf(text, "type %" PRIu32, nvvgpu_event_get_type_id(event));
	}
}

static void print_header(void)
{
	printf("%-23s  %-12s  %-11s  %-36s  DETAIL\n", "TIME", "GPU", "EVENT", "VGPU");
	fflush(stdout);
}

static int print_event(const struct cli *cli, const struct nvvgpu_event *event)
{
	const char *uuid = nvvgpu_event_get_uuid(event), *gpu = nvvgpu_event_get_gpu_address(event);
	struct text AUTO_TEXT detail = TEXT_EMPTY;
	char *object AUTO(string) = NULL;
	char when[32];
	int err;

	if (cli->json) {
		err = nvvgpu_event_to_json(event, &object);
		if (err)
			return fail_library(cli, err);
		puts(object);
	} else {
		format_time(event, when);
		add_detail(&detail, event);
		printf("%-23s  %-12s  %-11s  %-36s  %s\n", when, *gpu ? gpu : "-",
		       nvvgpu_event_kind_name(nvvgpu_event_get_kind(event)), uuid ? uuid : "-",
		       detail.len ? text_get(&detail) : "-");
	}
	if (fflush(stdout))		/* who reads this wants it now */
		return fail_errno(cli, errno, "standard output", "write");
	return 0;
}

/* Who asked for a number of events wants to know that they did not come. */
static int timed_out(const struct cli *cli, uint32_t wanted, uint32_t seen)
{
	struct text AUTO_TEXT cause = TEXT_EMPTY;

	if (wanted == UINT32_MAX)
		return CLI_OK;
	text_addf(&cause, "%" PRIu32 " of %" PRIu32 " events came within %s seconds", seen, wanted,
		  option_value(cli, "timeout"));
	return fail(cli, &(struct failure){
		.err = ETIMEDOUT,
		.reason = NVVGPU_REASON_DEADLINE,
		.object = nvvgpu_get_uri(cli->host),
		.cause = text_get(&cause),
		.next = "wait longer, or leave --timeout out",
	});
}

static int watch(const struct cli *cli, struct nvvgpu_monitor *monitor, uint32_t wanted,
		 int64_t end_ns)
{
	uint32_t seen = 0;
	int err, code;

	while (seen < wanted && !interrupted) {
		struct nvvgpu_event *event AUTO(event) = NULL;
		int64_t left = end_ns == FOR_EVER ? SLICE_NS : end_ns - now_ns();

		if (left <= 0)
			return timed_out(cli, wanted, seen);
		err = nvvgpu_monitor_next(monitor, left < SLICE_NS ? left : SLICE_NS, &event);
		if (err == -EAGAIN || err == -EINTR)
			continue;
		if (err)
			return fail_library(cli, err);
		code = print_event(cli, event);
		if (code)
			return code;
		seen++;
	}
	return interrupted ? CLI_INTERRUPTED : CLI_OK;
}

static void catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		catch_signal(signals[i], on_signal);
}

static int run_events(struct cli *cli)
{
	struct nvvgpu_monitor *monitor AUTO(monitor) = NULL;
	uint32_t wanted = UINT32_MAX;
	uint64_t timeout_ns = 0;
	int err, code = 0;

	if (option_given(cli, "count"))
		code = option_u32(cli, "count", &wanted);
	if (!code && option_given(cli, "timeout"))
		code = option_seconds(cli, "timeout", &timeout_ns);
	if (!code)
		code = open_host(cli);
	if (code)
		return code;
	err = nvvgpu_monitor_open(cli->host, &monitor);
	if (err)
		return fail_library(cli, err);
	catch_signals();
	if (!cli->json)
		print_header();
	return watch(cli, monitor, wanted, timeout_ns ? now_ns() + (int64_t)timeout_ns : FOR_EVER);
}

static const struct verb_option options[] = {
	{ 'n', "count", "N", "end after this many events" },
	{ 0, "timeout", "SECONDS", "end after this time; with --count that is a failure" },
	{ 0 },
};

const struct verb verb_events = {
	.name = "events",
	.arguments = "[--count N] [--timeout SECONDS]",
	.summary = "print what happens to GPUs and vGPUs, as it happens",
	.details = "Print what happens to GPUs and vGPUs from now on: GPUs, VFs and vGPUs that come "
		   "and go, and types that can be created, whatever the framework. With --json each "
		   "event is one object on one line.",
	.options = options,
	.run = run_events,
};
