// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "fail.h"
#include "signals.h"
#include "transfer.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* -------------------------------------------------------------- progress */

#define BAR_WIDTH 20
#define LINE_MAX_LEN 160

static size_t terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_col)
		return 80;
	return size.ws_col;
}

static void draw_bar(char *out, double share)
{
	size_t full = (size_t)(share * BAR_WIDTH);

	for (size_t i = 0; i < BAR_WIDTH; i++)
		out[i] = i < full ? '#' : '.';
	out[BAR_WIDTH] = '\0';
}

static void format_line(const struct transfer *transfer, const struct nvvgpu_progress *progress,
			char *line)
{
	uint64_t bytes = nvvgpu_progress_get_bytes(progress);
	uint64_t estimate = nvvgpu_progress_get_estimate_bytes(progress);
	uint64_t rate = nvvgpu_progress_get_bytes_per_second(progress);
	char done[UNITS_LEN], all[UNITS_LEN], speed[UNITS_LEN], left[UNITS_LEN] = "";
	char bar[BAR_WIDTH + 1];

	format_bytes(bytes, done);
	format_bytes(rate, speed);
	if (!bytes) {
		snprintf(line, LINE_MAX_LEN, "%s", transfer->doing);
		return;
	}
	if (estimate < bytes) {
		snprintf(line, LINE_MAX_LEN, "%s  %s  %s/s", transfer->doing, done, speed);
		return;
	}
	draw_bar(bar, (double)bytes / (double)estimate);
	if (rate)
		format_seconds((double)(estimate - bytes) / (double)rate, left);
	snprintf(line, LINE_MAX_LEN, "%s [%s] %3u%%  %s of %s  %s/s%s%s", transfer->doing, bar,
		 (unsigned int)((double)bytes * 100 / (double)estimate), done,
		 format_bytes(estimate, all), speed, *left ? "  left " : "", left);
}

/* Overwrites what stands there with blanks: no terminal needs more than a carriage return. */
static void draw_line(struct transfer *transfer, const char *line)
{
	size_t width = strlen(line);

	fprintf(stderr, "\r%s", line);
	if (width < transfer->drawn)
		fprintf(stderr, "%*s\r%s", (int)(transfer->drawn - width), "", line);
	fflush(stderr);
	transfer->drawn = width;
}

static int on_progress(void *arg, const struct nvvgpu_progress *progress)
{
	struct transfer *transfer = arg;
	char line[LINE_MAX_LEN];
	size_t width;

	transfer->bytes = nvvgpu_progress_get_bytes(progress);
	if (!transfer->bar)
		return 0;
	format_line(transfer, progress, line);
	width = terminal_width();
	if (width <= strlen(line))
		line[width - 1] = '\0';		/* a line that breaks could not be overwritten */
	draw_line(transfer, line);
	return 0;
}

static void clear_line(struct transfer *transfer)
{
	if (transfer->drawn) {
		draw_line(transfer, "");
		fputc('\r', stderr);
		fflush(stderr);
	}
}

/* --------------------------------------------------------------- signals */

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

/* A handler has no argument: the one operation that signals may cancel. */
static struct {
	struct nvvgpu_migrate_options *options;
	const char *partial;
	volatile sig_atomic_t asked;
} cancelled_by_signal;

static void on_signal(int number)
{
	if (cancelled_by_signal.asked) {
		if (cancelled_by_signal.partial)
			unlink(cancelled_by_signal.partial);
		_exit(CLI_INTERRUPTED);
	}
	cancelled_by_signal.asked = 1;
	nvvgpu_migrate_options_cancel(cancelled_by_signal.options);
}

static void arm(struct transfer *transfer, const char *partial)
{
	cancelled_by_signal.options = transfer->options;
	cancelled_by_signal.partial = partial;
	cancelled_by_signal.asked = 0;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		catch_signal(signals[i], on_signal);
}

static void disarm(void)
{
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		release_signal(signals[i], on_signal);
	cancelled_by_signal.options = NULL;
	cancelled_by_signal.partial = NULL;
}

/* -------------------------------------------------------------- transfer */

int transfer_init(struct cli *cli, struct transfer *transfer, const char *doing)
{
	uint64_t timeout_ns;
	int err, code;

	*transfer = (struct transfer){
		.doing = doing,
		.bar = !cli->quiet && !cli->json && !cli->no_progress && isatty(STDERR_FILENO),
	};
	err = nvvgpu_migrate_options_new(&transfer->options);
	if (err)
		return fail_library(cli, err);
	nvvgpu_migrate_options_set_progress(transfer->options, on_progress, transfer);
	if (!option_given(cli, "timeout"))
		return 0;
	code = option_seconds(cli, "timeout", &timeout_ns);
	if (!code)
		nvvgpu_migrate_options_set_deadline(transfer->options, timeout_ns);
	return code;
}

void transfer_free(struct transfer *transfer)
{
	disarm();
	nvvgpu_migrate_options_free(transfer->options);
	transfer->options = NULL;
}

void transfer_begin(struct transfer *transfer, const char *partial)
{
	transfer->started = now();
	arm(transfer, partial);
}

void transfer_end(struct transfer *transfer)
{
	clear_line(transfer);
	transfer->seconds = now() - transfer->started;
}

static uint64_t rate(const struct transfer *transfer)
{
	return transfer->seconds > 0 ? (uint64_t)((double)transfer->bytes / transfer->seconds) : 0;
}

void transfer_describe(const struct transfer *transfer, struct text *text)
{
	char bytes[UNITS_LEN], seconds[UNITS_LEN], speed[UNITS_LEN];

	text_addf(text, "%s in %s (%s/s)", format_bytes(transfer->bytes, bytes),
		  format_seconds(transfer->seconds, seconds), format_bytes(rate(transfer), speed));
}

void transfer_members(const struct transfer *transfer, struct text *text)
{
	text_addf(text, "\"bytes\":%" PRIu64 ",\"seconds\":%.6f,\"bytes_per_second\":%" PRIu64,
		  transfer->bytes, transfer->seconds, rate(transfer));
}
