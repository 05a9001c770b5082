// SPDX-License-Identifier: MIT
/*
 * Plugin parameters: their form, and the values of those whose meaning is known.  Drivers
 * take what they do not know without a word, so a misspelled name would be silent.
 */
#include <string.h>
#include "objects.h"
#include "util/text.h"

#define KEY_MAX		63
#define VALUE_MAX	255
#define PARAMS_MAX	1023

enum kind {
	SWITCH,		/* 0 or 1 */
	NUMBER,
};

static const struct {
	const char *name;
	enum kind kind;
} known[] = {
	{ "disable_vnc", SWITCH },
	{ "enable_debugging", SWITCH },
	{ "enable_profiling", SWITCH },
	{ "enable_uvm", SWITCH },
	{ "frame_rate_limiter", SWITCH },
	{ "loglevel", NUMBER },
	{ "override_bar1_size", NUMBER },
};

struct param {
	char key[KEY_MAX + 1], value[VALUE_MAX + 1];
};

static bool is_key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.';
}

static bool is_value_char(char c)
{
	return c >= 0x20 && c <= 0x7e && c != ',';
}

/* One "key=value" from *at, which becomes what is behind it, or what is wrong; false: the latter */
static bool take_param(const char **at, struct param *param)
{
	const char *p = *at;
	size_t len = 0;

	while (is_key_char(p[len]) && len < KEY_MAX)
		len++;
	*at = p + len;
	if (!len || p[len] != '=')
		return false;
	memcpy(param->key, p, len);
	param->key[len] = '\0';
	p += len + 1;
	for (len = 0; is_value_char(p[len]) && len < VALUE_MAX; len++)
		;
	*at = p + len;
	if (!len || (p[len] && p[len] != ','))
		return false;
	memcpy(param->value, p, len);
	param->value[len] = '\0';
	return true;
}

static bool is_good_value(enum kind kind, const char *value)
{
	if (kind == SWITCH)
		return !strcmp(value, "0") || !strcmp(value, "1");
	return !value[strspn(value, "0123456789")];
}

static const char *nearest(const char *key)
{
	for (unsigned int edits = 1; edits <= 3; edits++)
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (text_distance(known[i].name, key, edits + 1) == edits)
				return known[i].name;
	return NULL;
}

static int check_meaning(struct nvvgpu *host, const char *object, const struct param *param,
			 bool force)
{
	const char *near;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, param->key))
			continue;
		if (force || is_good_value(known[i].kind, param->value))
			return 0;
		return error_setf(EINVAL, NVVGPU_REASON_PARAMS, object,
				  known[i].kind == SWITCH ? "give 0 or 1, or force it" :
							    "give a number, or force it",
				  "%.60s is no value of the parameter %s", param->value, param->key);
	}
	near = nearest(param->key);
	host_log(host, NVVGPU_LOG_WARNING, "%s: the parameter %s is not one that is known%s%s%s",
		 object, param->key, near ? "; near: " : "", near ? near : "",
		 force ? "; forced" : "");
	return 0;
}

static bool is_seen(const char *params, const char *end, const char *key)
{
	size_t len = strlen(key);

	for (const char *at = params; at < end; at = strchr(at, ',') + 1)
		if (!strncmp(at, key, len) && at[len] == '=')
			return true;
	return false;
}

static int fail_form(const char *object, const char *params, const char *at)
{
	char sentence[160];

	reason_sentence(NVVGPU_REASON_PARAMS, at - params, sentence, sizeof(sentence));
	return error_set(EINVAL, NVVGPU_REASON_PARAMS, object, sentence,
			 reason_next_step(NVVGPU_REASON_PARAMS));
}

int params_check(struct nvvgpu *host, const char *object, const char *params, bool force)
{
	const char *at = params, *start;
	struct param param;
	int err;

	if (!*params)
		return 0;
	if (strlen(params) > PARAMS_MAX)
		return fail_form(object, params, params + PARAMS_MAX);
	for (;;) {
		start = at;
		if (!take_param(&at, &param))
			return fail_form(object, params, at);
		if (is_seen(params, start, param.key))
			return fail_form(object, params, start);
		err = check_meaning(host, object, &param, force);
		if (err || !*at)
			return err;
		at++;
	}
}
