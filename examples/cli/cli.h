/* SPDX-License-Identifier: MIT */
/* The nvvgpu command: what its files share. */
#ifndef NVVGPU_CLI_CLI_H
#define NVVGPU_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <nvvgpu/nvvgpu.h>

/* No table and no help text is wider. */
#define CLI_WIDTH 100

/* Exit codes: stable, described in nvvgpu.1. */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_NOT_FOUND = 3,
	CLI_PERMISSION = 4,
	CLI_BUSY = 5,
	CLI_EXHAUSTED = 6,
	CLI_STREAM = 7,
	CLI_NOT_SUPPORTED = 8,
	CLI_INTERRUPTED = 130,
};

struct cli;

/* An option of a verb; an array of them ends with one that has no name. */
struct verb_option {
	char letter;		/* 0: only the long form */
	const char *name;
	const char *arg;	/* NULL: takes none */
	const char *help;
};

/* Help, completion and the check of the command line are made from this. */
struct verb {
	const char *name;
	const char *arguments;	/* for the usage line */
	const char *summary;	/* one line */
	const char *details;	/* a paragraph for its own help; NULL: the summary says it all */
	const struct verb_option *options;	/* NULL: none of its own */
	int min_words;
	int max_words;		/* -1: any number */
	int (*run)(struct cli *cli);	/* returns an enum cli_exit */
};

struct given_option {
	const struct verb_option *option;
	const char *value;
};

/* One run of the command. */
struct cli {
	const char *uri;	/* NULL: the running host */
	bool json;
	bool quiet;
	bool no_progress;
	const struct verb *verb;
	struct given_option *options;	/* in the order they were given */
	size_t n_options;
	char **words;		/* arguments that are not options, without the verb */
	size_t n_words;
	struct nvvgpu *host;	/* NULL until open_host() */
	struct nvvgpu_gpu_list *gpus;	/* of that host; the same */
};

extern const struct verb verb_gpus, verb_types, verb_vgpus, verb_show, verb_create, verb_destroy,
	verb_xml, verb_qemu_args, verb_save, verb_restore, verb_inspect, verb_verify, verb_events,
	verb_mode, verb_sriov, verb_collect, verb_doctor, verb_help;

/* verbs.c: both end with NULL or a nameless one */
extern const struct verb *const verbs[];
extern const struct verb_option global_options[];
const struct verb *verb_find(const char *name);
/* What the user may have meant by an unknown verb; NULL: nothing is near. */
const char *verb_suggest(const char *name);

/* args.c: all below return 0 or, after a message, an exit code */
int args_parse(struct cli *cli, int argc, char **argv);
void args_free(struct cli *cli);
/* The last value given for an option, "" for one without argument; NULL: not given. */
const char *option_value(const struct cli *cli, const char *name);
static inline bool option_given(const struct cli *cli, const char *name)
{
	return option_value(cli, name) != NULL;
}
int option_u32(const struct cli *cli, const char *name, uint32_t *ret);
int option_seconds(const struct cli *cli, const char *name, uint64_t *ret_ns);
static inline const char *word(const struct cli *cli, size_t index)
{
	return index < cli->n_words ? cli->words[index] : NULL;
}

/* help.c */
int help_print(const struct cli *cli, const struct verb *verb);	/* NULL: the whole command */
int version_print(const struct cli *cli);

/* host.c: 0, or after a message an exit code */
int open_host(struct cli *cli);
/* The GPU with this address; without one, the only GPU of the host that can be shared. */
int pick_gpu(struct cli *cli, const char *address, struct nvvgpu_gpu **ret);
/* The first GPU on which the stream's vGPU can be created now. */
int pick_gpu_for_stream(struct cli *cli, int fd, struct nvvgpu_gpu **ret);
/* One note for each GPU that cannot be shared. */
void note_unshared(const struct cli *cli);
/* "no GPUs on this host", "1 GPU cannot be shared: 0000:41:00.0 ..."; to be freed */
char *why_nothing(struct cli *cli);

/* note.c: something worth knowing, on stderr; silent with --quiet and --json */
void note(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Locals that let go by themselves. */
#define CLI_AUTO(name, type, put)			\
	static inline void auto_##name(type **p)	\
	{						\
		put(*p);				\
	}
CLI_AUTO(gpu, struct nvvgpu_gpu, nvvgpu_gpu_unref)
CLI_AUTO(type, struct nvvgpu_type, nvvgpu_type_unref)
CLI_AUTO(type_list, struct nvvgpu_type_list, nvvgpu_type_list_unref)
CLI_AUTO(vgpu, struct nvvgpu_vgpu, nvvgpu_vgpu_unref)
CLI_AUTO(vgpu_list, struct nvvgpu_vgpu_list, nvvgpu_vgpu_list_unref)
CLI_AUTO(spec, struct nvvgpu_spec, nvvgpu_spec_free)
CLI_AUTO(options, struct nvvgpu_migrate_options, nvvgpu_migrate_options_free)
CLI_AUTO(info, struct nvvgpu_stream_info, nvvgpu_stream_info_free)
CLI_AUTO(event, struct nvvgpu_event, nvvgpu_event_free)
CLI_AUTO(monitor, struct nvvgpu_monitor, nvvgpu_monitor_close)
CLI_AUTO(finding_list, struct nvvgpu_finding_list, nvvgpu_finding_list_unref)
CLI_AUTO(string, char, nvvgpu_free)
#define AUTO(name) __attribute__((cleanup(auto_##name)))

#endif
