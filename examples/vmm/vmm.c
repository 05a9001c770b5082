// SPDX-License-Identifier: MIT
/* vmm: a small hypervisor manager.  Its verbs. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "vmm.h"

#define DEFAULT_STATE "/run/nvvgpu-vmm"
#define LOOK_SECONDS 5		/* that a QEMU has for an answer when it is only looked at */

static const char help[] =
"usage: vmm [OPTION]... VERB [ARGUMENT]...\n"
"\n"
"Starts QEMU guests with vGPUs, saves, restores and moves them.\n"
"\n"
"  run NAME [-- QEMU-ARGUMENT...]   start a guest\n"
"      --type TYPE       with a vGPU of that type (\"L40-4Q\" or its number); default: without\n"
"      --gpu ADDRESS     on that GPU; default: the first that has room\n"
"      --kernel FILE  --initrd FILE  --append WORDS     what it boots\n"
"      --memory MIB      default 1024\n"
"      --machine TYPE    default q35\n"
"      --accel LIST      default kvm:tcg\n"
"      --qemu PROGRAM    default qemu-system-x86_64; 9 or later for all that moves guests\n"
"  list                             what there is, and how it is\n"
"  suspend NAME FILE                save its state, vGPU and all, to FILE, and end it\n"
"      --force           replace FILE\n"
"  resume NAME FILE                 a guest NAME out of FILE, with a new vGPU of the same type\n"
"  resume NAME                      let it run again that a killed 'vmm suspend' left standing\n"
"  migrate NAME NEW-NAME            into another QEMU with another vGPU, while it runs\n"
"      --to DIR          of the instance whose state directory is DIR\n"
"      --downtime S      it may stand still so long, default 30\n"
"  stop NAME                        ask the guest to switch off, and wait for that\n"
"      --force           do not ask\n"
"  watch                            print events of GPUs and guests until a signal comes\n"
"      --cleanup         and remove what is left of guests that have ended\n"
"  cleanup                          remove what crashes have left: of QEMUs, and of vmm itself\n"
"\n"
"  --state DIR      of this instance, default " DEFAULT_STATE "\n"
"  --host URI       default the running host; see nvvgpu(1)\n"
"  --timeout S      for the whole verb, default 300; watch: none\n"
"  --json           list and events as JSON\n"
"  --help\n"
"\n"
"Exit codes: 0, 1 it failed, 2 it was called wrongly.\n";

/* What was given on the command line; NULL: not given. */
struct options {
	const char *state, *host, *timeout, *type, *gpu, *kernel, *initrd, *append, *memory;
	const char *machine, *accel, *qemu, *to, *downtime, *force, *cleanup, *json, *help;
};

struct call {
	struct state state;
	struct options given;
	char **words;		/* of the verb */
	int count;
	char **more;		/* after "--" */
	int more_count;
};

struct verb {
	const char *name;
	int min_words, max_words;
	const char *options;	/* its own, with a blank around each */
	int (*run)(struct call *call);
};

static int usage(const char *object, const char *cause)
{
	return fail(EINVAL, NVVGPU_REASON_INVALID_ARGUMENT, object, "vmm --help", "%s", cause);
}

static int take_number(const char *option, const char *value, double min, double max,
		       double *ret)
{
	char *end;
	double number = strtod(value, &end);

	if (end == value || *end || !isfinite(number) || number < min || number > max)
		return fail(EINVAL, NVVGPU_REASON_INVALID_ARGUMENT, option, "vmm --help",
			    "'%s' is not a number from %g to %g", value, min, max);
	*ret = number;
	return 0;
}

/* ---------------------------------------------------------------------------- run */

/* QEMU runs in another directory. */
static int set_path(struct json_object *config, const char *key, const char *path)
{
	char *whole;

	if (!path)
		return 0;
	whole = realpath(path, NULL);
	if (!whole)
		return fail_errno(path, "find it");
	config_set(config, key, whole);
	free(whole);
	return 0;
}

static void set_arguments(struct json_object *config, char *const *words, int count)
{
	struct json_object *array = json_object_new_array();

	for (int i = 0; i < count; i++)
		json_object_array_add(array, json_object_new_string(words[i]));
	json_object_object_add(config, KEY_ARGUMENTS, array);
}

static int set_vgpu(struct json_object *config, const struct options *given)
{
	struct json_object *vgpu;

	if (!given->type)
		return given->gpu ? usage("--gpu", "it needs --type") : 0;
	vgpu = json_object_new_object();
	config_set(vgpu, KEY_UUID, "");		/* is chosen at the start */
	config_set(vgpu, KEY_TYPE, given->type);
	config_set(vgpu, KEY_GPU, given->gpu);
	json_object_object_add(config, KEY_VGPU, vgpu);
	return 0;
}

static int make_config(struct call *call, struct json_object **ret)
{
	const struct options *given = &call->given;
	struct json_object *config = json_object_new_object();
	double memory = 1024;
	char uuid[37];
	int code = 0;

	random_uuid(uuid);
	config_set(config, KEY_UUID, uuid);
	config_set(config, KEY_QEMU, given->qemu ?: "qemu-system-x86_64");
	config_set(config, KEY_MACHINE, given->machine ?: "q35");
	config_set(config, KEY_ACCEL, given->accel ?: "kvm:tcg");
	config_set(config, KEY_APPEND, given->append);
	set_arguments(config, call->more, call->more_count);
	if (given->memory)
		code = take_number("--memory", given->memory, 1, MEMORY_MAX_MIB, &memory);
	json_object_object_add(config, KEY_MEMORY, json_object_new_int64((int64_t)memory));
	if (!code)
		code = set_path(config, KEY_KERNEL, given->kernel);
	if (!code)
		code = set_path(config, KEY_INITRD, given->initrd);
	if (!code)
		code = set_vgpu(config, given);
	if (code)
		json_object_put(config);
	else
		*ret = config;
	return code;
}

/* A guest that comes, and what is open of it. */
struct arrival {
	struct guest guest;
	struct qmp qmp;
	struct nvvgpu_vgpu *vgpu;	/* NULL: it has none */
};

/* @how: "is started" */
static void tell(const struct arrival *new, const char *how)
{
	printf("%s %s", new->guest.name, how);
	if (new->vgpu)
		printf(", with vGPU %s, %s at %s", nvvgpu_vgpu_get_uuid(new->vgpu),
		       nvvgpu_vgpu_get_type_name(new->vgpu), nvvgpu_vgpu_get_vfio(new->vgpu));
	putchar('\n');
}

/* The uuid is on the disk before there is a vGPU of that uuid. */
static int start(struct arrival *new, bool incoming)
{
	struct json_object *config = new->guest.config, *part = config_vgpu(config);
	char uuid[37];
	int code;

	json_object_object_del(config, KEY_SAVING);
	config_set_paused(config, false);
	if (part) {
		random_uuid(uuid);
		config_set(part, KEY_UUID, uuid);
	}
	code = guest_write(&new->guest);
	if (!code && part)
		code = vgpu_create(&new->guest, &new->vgpu);
	return code ?: guest_start(&new->guest, new->vgpu, incoming, &new->qmp);
}

/* What a failure has left of it; its own failure is told too. */
static int end(struct arrival *new, int code)
{
	qmp_close(&new->qmp);
	nvvgpu_vgpu_unref(new->vgpu);
	if (code)
		guest_discard(&new->guest);
	guest_close(&new->guest);
	return code;
}

/* @config is given away.  0: end() is to follow. */
static int begin(const struct state *state, const char *name, struct json_object *config,
		 bool incoming, struct arrival *ret)
{
	int code;

	*ret = (struct arrival){ .qmp = { .fd = -1 } };
	code = guest_create(state, name, &ret->guest);
	if (code) {
		json_object_put(config);
		return code;
	}
	ret->guest.config = config;
	code = start(ret, incoming);
	return code ? end(ret, code) : 0;
}

static int verb_run(struct call *call)
{
	struct json_object *config;
	struct arrival new;
	int code = make_config(call, &config);

	if (!code)
		code = begin(&call->state, call->words[0], config, false, &new);
	if (code)
		return code;
	tell(&new, "is started");
	return end(&new, 0);
}

/* --------------------------------------------------------------------------- list */

/* "vgpu" is null: there is none; or not there: it could not be asked for. */
static int look_at_vgpu(const struct call *call, struct json_object *config,
			struct json_object *object)
{
	struct json_object *part = config_vgpu(config);
	struct nvvgpu_vgpu *vgpu = NULL;
	char *text = NULL;
	int err = -ENODEV, code = 0;

	if (part) {
		config_set(object, "type", json_text(part, KEY_TYPE));
		err = nvvgpu_vgpu_lookup(call->state.host, json_text(part, KEY_UUID), &vgpu);
	}
	if (!err)
		err = nvvgpu_vgpu_to_json(vgpu, &text);
	if (err && err != -ENODEV)
		code = fail_library();
	else
		json_object_object_add(object, "vgpu", text ? json_tokener_parse(text) : NULL);
	nvvgpu_free(text);
	nvvgpu_vgpu_unref(vgpu);
	return code;
}

/* "ended": there is no QEMU; "busy": another vmm works on it; else what QEMU says of itself. */
static void look_at_state(struct guest *guest, bool busy, char ret[32])
{
	int64_t deadline = now_ns() + LOOK_SECONDS * NS_PER_SECOND;
	struct qmp qmp;

	snprintf(ret, 32, "%s", busy ? "busy" : guest_pid(guest) ? "unknown" : "ended");
	if (strcmp(ret, "unknown") || guest_connect(guest, "qmp", deadline, &qmp))
		return;
	guest_status(&qmp, deadline, ret);
	qmp_close(&qmp);
}

static int look_at_guest(struct call *call, const char *name, struct json_object *list)
{
	struct json_object *object;
	struct guest guest;
	bool busy;
	char state[32];
	int code = guest_open(&call->state, name, true, &guest);

	busy = code == GUEST_BUSY;
	if (busy)
		code = guest_peek(&call->state, name, &guest);
	if (code)
		return code == GUEST_GONE ? 0 : code;
	look_at_state(&guest, busy, state);
	object = json_object_new_object();
	config_set(object, "name", name);
	config_set(object, "state", state);
	if (guest_pid(&guest) > 0)
		json_object_object_add(object, "pid", json_object_new_int(guest_pid(&guest)));
	code = look_at_vgpu(call, guest.config, object);
	json_object_array_add(list, object);
	guest_close(&guest);
	return code;
}

static void print_row(struct json_object *object)
{
	const char *uuid = "?", *type = json_text(object, "type");
	struct json_object *vgpu;

	if (json_object_object_get_ex(object, "vgpu", &vgpu))
		uuid = vgpu ? json_text(vgpu, "uuid") : "-";
	printf("%-16s  ", json_text(object, "name"));
	print_safe(json_text(object, "state"));
	printf("%*s  %-36s  %s\n", 12 - (int)strlen(json_text(object, "state")), "", uuid,
	       *type ? type : "-");
}

static int verb_list(struct call *call)
{
	struct json_object *names, *list;
	const char *name;
	int code = state_names(&call->state, &names);

	if (code)
		return code;
	list = json_object_new_array();
	for (size_t i = 0; (name = name_at(names, i)); i++)
		code = look_at_guest(call, name, list) ?: code;
	json_object_put(names);
	if (call->state.json) {
		puts(json_object_to_json_string_ext(list, JSON_FORM | JSON_C_TO_STRING_PRETTY));
	} else {
		printf("%-16s  %-12s  %-36s  TYPE\n", "NAME", "STATE", "VGPU");
		for (size_t i = 0; i < json_object_array_length(list); i++)
			print_row(json_object_array_get_idx(list, i));
	}
	json_object_put(list);
	return code;
}

/* -------------------------------------------------------------- suspend and resume */

/* A guest that lives, and a connection to its QEMU. */
static int open_running(struct call *call, const char *name, struct guest *guest, struct qmp *qmp)
{
	int code = guest_open(&call->state, name, false, guest), err;

	if (code)
		return code;
	if (!guest->config || !guest_pid(guest)) {
		code = fail(ESRCH, NVVGPU_REASON_NOT_FOUND, name,
			    "'vmm cleanup' removes what is left of it", "its QEMU has ended");
	} else {
		err = guest_connect(guest, "qmp", call->state.deadline_ns, qmp);
		code = err ? guest_fail(guest, qmp, err, "answer") : 0;
	}
	if (code)
		guest_close(guest);
	return code;
}

static int open_movable(struct call *call, const char *name, struct guest *guest, struct qmp *qmp)
{
	int code = open_running(call, name, guest, qmp);

	if (code || config_is_migratable(guest->config))
		return code;
	code = fail(EOPNOTSUPP, NVVGPU_REASON_NOT_MIGRATABLE, name, "",
		    "the driver of its vGPU cannot save a vGPU's state");
	qmp_close(qmp);
	guest_close(guest);
	return code;
}

static int verb_suspend(struct call *call)
{
	struct guest guest;
	struct qmp qmp;
	int code = open_movable(call, call->words[0], &guest, &qmp);

	if (code)
		return code;
	code = move_suspend(&guest, &qmp, call->words[1], call->given.force);
	qmp_close(&qmp);
	if (!code)
		code = guest_discard(&guest);
	guest_close(&guest);
	return code;
}

static int resume_standing(struct call *call)
{
	struct guest guest;
	struct qmp qmp;
	char status[32];
	int code = open_running(call, call->words[0], &guest, &qmp), err;

	if (code)
		return code;
	err = guest_status(&qmp, call->state.deadline_ns, status);
	if (!err && !strcmp(status, "postmigrate") && !config_is_unsaved(guest.config))
		code = fail(EBUSY, NVVGPU_REASON_IN_USE, guest.name,
			    "'vmm cleanup' removes this one",
			    "it was saved or moved: it would be there twice");
	else
		code = err ? guest_fail(&guest, &qmp, err, "answer") : move_go_on(&guest, &qmp);
	qmp_close(&qmp);
	guest_close(&guest);
	return code;
}

static int verb_resume(struct call *call)
{
	struct json_object *config;
	struct arrival new;
	bool paused;
	int fd, code;

	if (call->count == 1)
		return resume_standing(call);
	code = move_read_header(call->words[1], &config, &fd);
	if (code)
		return code;
	paused = config_is_paused(config);
	code = begin(&call->state, call->words[0], config, true, &new);
	if (!code) {
		code = move_resume(&new.guest, &new.qmp, fd, paused);
		if (!code)
			tell(&new, paused ? "is paused" : "runs");
		code = end(&new, code);
	}
	close(fd);
	return code;
}

/* ------------------------------------------------------------------------ migrate */

/* @to: the other instance */
static int migrate(struct call *call, const struct state *to, double downtime)
{
	struct arrival new;
	struct guest guest;
	struct qmp qmp;
	int code = open_movable(call, call->words[0], &guest, &qmp);

	if (code)
		return code;
	code = begin(to, call->words[1], config_copy(guest.config), true, &new);
	if (!code) {
		code = move_migrate(&guest, &qmp, &new.guest, &new.qmp, downtime);
		if (!code)
			tell(&new, "is there");
		code = end(&new, code);
	}
	qmp_close(&qmp);
	if (!code)
		code = guest_discard(&guest);
	guest_close(&guest);
	return code;
}

static int verb_migrate(struct call *call)
{
	double downtime = 30;
	struct state to = call->state;
	int code = 0;

	if (call->given.downtime)
		code = take_number("--downtime", call->given.downtime, 0.001, 2000, &downtime);
	if (code)
		return code;
	if (!call->given.to)
		return migrate(call, &call->state, downtime);
	code = state_open(&to, call->given.to);
	if (code)
		return code;
	code = migrate(call, &to, downtime);
	state_close(&to);
	return code;
}

/* --------------------------------------------------------------------------- ends */

static int ask_to_stop(struct call *call, struct guest *guest)
{
	struct qmp qmp;
	int err;

	if (!guest_pid(guest))
		return 0;
	err = guest_connect(guest, "qmp", call->state.deadline_ns, &qmp);
	if (!err)
		err = qmp_call(&qmp, "system_powerdown", NULL, -1, call->state.deadline_ns, NULL);
	qmp_close(&qmp);
	if (err && guest_pid(guest))
		return guest_fail(guest, &qmp, err, "be asked to stop");
	if (guest_wait(guest, call->state.deadline_ns))
		return 0;
	return fail(ETIMEDOUT, NVVGPU_REASON_DEADLINE, guest->name,
		    "give it more time with --timeout, or do not ask it: --force",
		    "the guest did not switch off");
}

static int verb_stop(struct call *call)
{
	struct guest guest;
	int code = guest_open(&call->state, call->words[0], false, &guest);

	if (code)
		return code;
	if (!call->given.force)
		code = ask_to_stop(call, &guest);
	if (!code)
		code = guest_discard(&guest);
	guest_close(&guest);
	return code;
}

/*
 * Nobody will ever want this QEMU again: its guest is somewhere else, or it waits for a state that
 * nobody sends.
 */
static bool is_left_over(struct guest *guest)
{
	int64_t deadline = now_ns() + LOOK_SECONDS * NS_PER_SECOND;
	struct json_object *answer;
	char status[32] = "";
	struct qmp qmp;
	bool waits = false;

	if (!guest_pid(guest))
		return true;
	if (guest_connect(guest, "qmp", deadline, &qmp))
		return false;
	guest_status(&qmp, deadline, status);
	if (!strcmp(status, "inmigrate") &&
	    !qmp_call(&qmp, "query-migrate", NULL, -1, deadline, &answer)) {
		waits = !*json_text(answer, "status");
		json_object_put(answer);
	}
	qmp_close(&qmp);
	return waits || (!strcmp(status, "postmigrate") && !config_is_unsaved(guest->config));
}

static int clean_guest(struct call *call, const char *name)
{
	struct guest guest;
	int code = guest_open(&call->state, name, true, &guest);

	if (code)
		return code < 0 ? 0 : code;	/* somebody works on it: nothing was left */
	if (is_left_over(&guest)) {
		code = guest_discard(&guest);
		if (!code && !call->state.json)
			printf("removed %s\n", name);
	}
	guest_close(&guest);
	return code;
}

static int verb_cleanup(struct call *call)
{
	struct json_object *names;
	const char *name;
	unsigned int count = 0;
	int code = state_names(&call->state, &names), swept;

	if (code)
		return code;
	for (size_t i = 0; (name = name_at(names, i)); i++)
		code = clean_guest(call, name) ?: code;
	json_object_put(names);
	swept = vgpu_sweep(&call->state, &count);
	if (count && !call->state.json)
		printf("destroyed %u vGPUs of no guest\n", count);
	return code ?: swept;
}

static int verb_watch(struct call *call)
{
	if (!call->given.timeout)
		call->state.deadline_ns = INT64_MAX;
	return watch(&call->state, call->given.cleanup);
}

/* ---------------------------------------------------------------- the command line */

static const struct verb verbs[] = {
	{ "run", 1, 1, " type gpu kernel initrd append memory machine accel qemu ", verb_run },
	{ "list", 0, 0, "", verb_list },
	{ "suspend", 2, 2, " force ", verb_suspend },
	{ "resume", 1, 2, "", verb_resume },
	{ "migrate", 2, 2, " to downtime ", verb_migrate },
	{ "stop", 1, 1, " force ", verb_stop },
	{ "watch", 0, 0, " cleanup ", verb_watch },
	{ "cleanup", 0, 0, "", verb_cleanup },
};

#define VALUE(name) { name, required_argument, NULL, 0 }
#define FLAG(name) { name, no_argument, NULL, 0 }

/* In the order of struct options. */
static const struct option long_options[] = {
	VALUE("state"), VALUE("host"), VALUE("timeout"), VALUE("type"), VALUE("gpu"),
	VALUE("kernel"), VALUE("initrd"), VALUE("append"), VALUE("memory"), VALUE("machine"),
	VALUE("accel"), VALUE("qemu"), VALUE("to"), VALUE("downtime"), FLAG("force"),
	FLAG("cleanup"), FLAG("json"), FLAG("help"), { NULL, 0, NULL, 0 }
};

static const char global_options[] = " state host timeout json help ";

#define OPTIONS (sizeof(long_options) / sizeof(long_options[0]) - 1)
_Static_assert(sizeof(struct options) == OPTIONS * sizeof(char *), "one for each");

static bool is_among(const char *options, const char *name)
{
	char word[32];

	snprintf(word, sizeof(word), " %s ", name);
	return strstr(options, word);
}

/* What follows "--" is QEMU's, so it is cut off first. */
static int parse(struct call *call, int argc, char **argv)
{
	const char **values = (const char **)&call->given;
	int found, index;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--"))
			continue;
		call->more = argv + i + 1;
		call->more_count = argc - i - 1;
		argc = i;
	}
	opterr = 0;
	while ((found = getopt_long(argc, argv, ":", long_options, &index)) != -1) {
		if (found == ':')
			return usage(argv[optind - 1], "this option needs a value");
		if (found)
			return usage(argv[optind - 1], "there is no such option");
		values[index] = optarg ?: "";
		call->state.json = call->given.json;
	}
	call->words = argv + optind;
	call->count = argc - optind;
	return 0;
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static int check(struct call *call, const struct verb **ret)
{
	const char *const *values = (const char *const *)&call->given;
	const struct verb *verb = call->count ? find_verb(call->words[0]) : NULL;

	if (!verb)
		return usage(call->count ? call->words[0] : "",
			     call->count ? "there is no such verb" : "no verb was given");
	call->words++;
	call->count--;
	for (size_t i = 0; i < OPTIONS; i++)
		if (values[i] && !is_among(global_options, long_options[i].name) &&
		    !is_among(verb->options, long_options[i].name))
			return usage(long_options[i].name, "this verb has no such option");
	if (call->more_count && strcmp(verb->name, "run"))
		return usage(verb->name, "QEMU's arguments are for 'run'");
	if (call->count < verb->min_words || call->count > verb->max_words)
		return usage(verb->name, "it has another number of arguments");
	*ret = verb;
	return 0;
}

static int run(struct call *call)
{
	const struct verb *verb = NULL;
	double seconds = 300;
	int code = check(call, &verb);

	if (!code && call->given.timeout)
		code = take_number("--timeout", call->given.timeout, 0.001, 1e9, &seconds);
	if (code)
		return code;
	call->state.deadline_ns = now_ns() + (int64_t)(seconds * 1e9);
	if (nvvgpu_open(call->given.host, &call->state.host))
		return fail_library();
	code = state_open(&call->state, call->given.state ?: DEFAULT_STATE);
	if (!code) {
		code = verb->run(call);
		state_close(&call->state);
	}
	nvvgpu_unref(call->state.host);
	return code;
}

int main(int argc, char **argv)
{
	struct call call = { .words = NULL };
	int code = parse(&call, argc, argv);

	if (!code && call.given.help) {
		fputs(help, stdout);
		return VMM_OK;
	}
	return code ?: run(&call);
}
