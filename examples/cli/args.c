// SPDX-License-Identifier: MIT
/* The command line: options may stand before or after the verb, so all verbs' options are known to
 * getopt, and whether the verb takes what was given is checked when it is known.
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fail.h"
#include "text.h"

#define MAX_OPTIONS 64
#define LONG_BASE 256		/* above every letter */

struct known {
	const struct verb_option *options[MAX_OPTIONS];
	size_t n;
	struct option longs[MAX_OPTIONS + 1];
	char letters[2 + 2 * MAX_OPTIONS + 1];
};

static bool is_known(const struct known *known, const char *name)
{
	for (size_t i = 0; i < known->n; i++)
		if (!strcmp(known->options[i]->name, name))
			return true;
	return false;
}

static void add_options(struct known *known, const struct verb_option *option)
{
	for (; option && option->name && known->n < MAX_OPTIONS; option++)
		if (!is_known(known, option->name))
			known->options[known->n++] = option;
}

static void collect(struct known *known)
{
	char *letter;

	*known = (struct known){ .n = 0 };
	add_options(known, global_options);
	for (size_t i = 0; verbs[i]; i++)
		add_options(known, verbs[i]->options);
	/* '-': words in their order, whatever the environment asks of getopt; ':': no messages */
	letter = stpcpy(known->letters, "-:");
	for (size_t i = 0; i < known->n; i++) {
		const struct verb_option *option = known->options[i];

		known->longs[i] = (struct option){
			.name = option->name,
			.has_arg = option->arg ? required_argument : no_argument,
			.val = LONG_BASE + (int)i,
		};
		if (option->letter)
			*letter++ = option->letter;
		if (option->letter && option->arg)
			*letter++ = ':';
	}
	*letter = '\0';
}

static const struct verb_option *known_option(const struct known *known, int found)
{
	if (found >= LONG_BASE)
		return known->options[found - LONG_BASE];
	for (size_t i = 0; i < known->n; i++)
		if (known->options[i]->letter && known->options[i]->letter == found)
			return known->options[i];
	return NULL;
}

static int unknown_option(const struct cli *cli, const struct known *known, const char *text)
{
	const struct verb_option *option = optopt ? known_option(known, optopt) : NULL;

	if (option)
		return fail_usage(cli, "nvvgpu help", "option --%s takes no argument",
				  option->name);
	if (optopt)
		return fail_usage(cli, "nvvgpu help", "there is no option -%c", optopt);
	return fail_usage(cli, "nvvgpu help", "there is no option %s, or it is ambiguous", text);
}

static int take(struct cli *cli, const struct known *known, int found, char **argv)
{
	if (found == 1) {
		cli->words[cli->n_words++] = optarg;
		return 0;
	}
	if (found == '?')
		return unknown_option(cli, known, argv[optind - 1]);
	if (found == ':')
		return fail_usage(cli, "nvvgpu help", "option %s needs an argument",
				  argv[optind - 1]);
	cli->options[cli->n_options++] = (struct given_option){
		.option = known_option(known, found),
		.value = optarg ? optarg : "",
	};
	return 0;
}

static int scan(struct cli *cli, const struct known *known, int argc, char **argv)
{
	int found, code;

	while ((found = getopt_long(argc, argv, known->letters, known->longs, NULL)) != -1) {
		code = take(cli, known, found, argv);
		if (code)
			return code;
	}
	for (int i = optind; i < argc; i++)
		cli->words[cli->n_words++] = argv[i];
	return 0;
}

static int take_verb(struct cli *cli)
{
	const char *near;

	if (!cli->n_words) {
		if (option_given(cli, "help") || option_given(cli, "version"))
			return 0;
		return fail_usage(cli, "nvvgpu help", "no verb was given");
	}
	cli->verb = verb_find(cli->words[0]);
	if (!cli->verb) {
		struct text AUTO_TEXT next = TEXT_EMPTY;

		near = verb_suggest(cli->words[0]);
		if (near)
			text_addf(&next, "did you mean '%s'? 'nvvgpu help' lists all verbs", near);
		else
			text_add(&next, "'nvvgpu help' lists all verbs");
		return fail_usage(cli, text_get(&next), "there is no verb '%s'", cli->words[0]);
	}
	cli->words++;		/* args_free() knows */
	cli->n_words--;
	return 0;
}

static bool has_option(const struct verb_option *options, const char *name)
{
	for (; options && options->name; options++)
		if (!strcmp(options->name, name))
			return true;
	return false;
}

static int check(const struct cli *cli)
{
	const struct verb *verb = cli->verb;
	char next[64];

	if (!verb || option_given(cli, "help") || option_given(cli, "version"))
		return 0;
	snprintf(next, sizeof(next), "nvvgpu help %s", verb->name);
	for (size_t i = 0; i < cli->n_options; i++) {
		const char *name = cli->options[i].option->name;

		if (!has_option(global_options, name) && !has_option(verb->options, name))
			return fail_usage(cli, next, "it has no option --%s", name);
	}
	if (verb->max_words >= 0 && cli->n_words > (size_t)verb->max_words)
		return fail_usage(cli, next, "unexpected argument '%s'",
				  cli->words[verb->max_words]);
	if (cli->n_words < (size_t)verb->min_words)
		return fail_usage(cli, next, "an argument is missing: nvvgpu %s %s", verb->name,
				  verb->arguments);
	return 0;
}

int args_parse(struct cli *cli, int argc, char **argv)
{
	struct known known;
	int code;

	cli->options = calloc((size_t)argc + 1, sizeof(*cli->options));
	cli->words = calloc((size_t)argc + 1, sizeof(*cli->words));
	if (!cli->options || !cli->words)
		fail_memory();
	collect(&known);
	code = scan(cli, &known, argc, argv);
	if (!code)
		code = take_verb(cli);
	if (code)
		return code;
	cli->json = option_given(cli, "json");
	cli->quiet = option_given(cli, "quiet");
	cli->no_progress = option_given(cli, "no-progress");
	if (option_given(cli, "host"))
		cli->uri = option_value(cli, "host");
	return check(cli);
}

void args_free(struct cli *cli)
{
	free(cli->options);
	free(cli->verb ? cli->words - 1 : cli->words);
}

const char *option_value(const struct cli *cli, const char *name)
{
	for (size_t i = cli->n_options; i > 0; i--)
		if (!strcmp(cli->options[i - 1].option->name, name))
			return cli->options[i - 1].value;
	return NULL;
}

int option_u32(const struct cli *cli, const char *name, uint32_t *ret)
{
	const char *value = option_value(cli, name);
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || errno || number > UINT32_MAX)
		return fail_usage(cli, "give a whole number", "--%s '%s' is not a number", name,
				  value);
	*ret = (uint32_t)number;
	return 0;
}

int option_seconds(const struct cli *cli, const char *name, uint64_t *ret_ns)
{
	const char *value = option_value(cli, name);
	double seconds;
	char *end;

	seconds = strtod(value, &end);
	if (end == value || *end || !isfinite(seconds) || seconds <= 0 || seconds > 1e9)
		return fail_usage(cli, "give seconds, 30 or 0.5", "--%s '%s' is not a time", name,
				  value);
	*ret_ns = (uint64_t)(seconds * 1e9);
	return 0;
}
