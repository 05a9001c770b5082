// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include "fail.h"
#include "table.h"
#include "text.h"

#define OPTION_INDENT 26

static void print_option(const struct verb_option *option)
{
	struct text AUTO_TEXT head = TEXT_EMPTY;

	if (option->letter)
		text_addf(&head, "  -%c, --%s", option->letter, option->name);
	else
		text_addf(&head, "      --%s", option->name);
	if (option->arg)
		text_addf(&head, " %s", option->arg);
	printf("%-*s", OPTION_INDENT, text_get(&head));
	print_wrapped(option->help, OPTION_INDENT);
}

static void print_options(const char *title, const struct verb_option *options)
{
	if (!options)
		return;
	printf("\n%s:\n", title);
	for (; options->name; options++)
		print_option(options);
}

static void print_verb_plain(const struct verb *verb)
{
	printf("usage: nvvgpu %s%s%s\n\n", verb->name, *verb->arguments ? " " : "",
	       verb->arguments);
	print_wrapped(verb->details ? verb->details : verb->summary, 0);
	print_options("options", verb->options);
	print_options("options of every verb", global_options);
}

static void print_command_plain(void)
{
	puts("usage: nvvgpu [--host URI] [--json] VERB [ARGUMENTS]\n");
	puts("Manage the NVIDIA vGPUs of a Linux/KVM host.\n");
	puts("verbs:");
	for (size_t i = 0; verbs[i]; i++)
		printf("  %-11s%s\n", verbs[i]->name, verbs[i]->summary);
	print_options("options of every verb", global_options);
	puts("\n'nvvgpu help VERB' explains a verb; nvvgpu(1) has exit codes and JSON keys.");
}

static void add_member(struct text *text, const char *key, const char *value)
{
	text_addf(text, "\"%s\":", key);
	text_add_json(text, value);
}

static void add_options(struct text *text, const struct verb_option *option)
{
	const char *comma = "";

	text_add(text, "[");
	for (; option && option->name; option++, comma = ",") {
		text_addf(text, "%s{", comma);
		add_member(text, "name", option->name);
		text_add(text, ",");
		add_member(text, "argument", option->arg);
		text_add(text, ",");
		add_member(text, "summary", option->help);
		text_add(text, "}");
	}
	text_add(text, "]");
}

static void add_verb(struct text *text, const struct verb *verb)
{
	text_add(text, "{");
	add_member(text, "name", verb->name);
	text_add(text, ",");
	add_member(text, "arguments", verb->arguments);
	text_add(text, ",");
	add_member(text, "summary", verb->summary);
	text_add(text, ",\"options\":");
	add_options(text, verb->options);
	text_add(text, "}");
}

static void add_command(struct text *text)
{
	text_add(text, "{");
	add_member(text, "name", "nvvgpu");
	text_add(text, ",");
	add_member(text, "version", nvvgpu_version());
	text_add(text, ",\"options\":");
	add_options(text, global_options);
	text_add(text, ",\"verbs\":[");
	for (size_t i = 0; verbs[i]; i++) {
		text_add(text, i ? "," : "");
		add_verb(text, verbs[i]);
	}
	text_add(text, "]}");
}

int help_print(const struct cli *cli, const struct verb *verb)
{
	struct text AUTO_TEXT text = TEXT_EMPTY;

	if (cli->json) {
		if (verb)
			add_verb(&text, verb);
		else
			add_command(&text);
		puts(text_get(&text));
	} else if (verb) {
		print_verb_plain(verb);
	} else {
		print_command_plain();
	}
	return CLI_OK;
}

int version_print(const struct cli *cli)
{
	if (cli->json)
		printf("{\"name\":\"nvvgpu\",\"version\":\"%s\"}\n", nvvgpu_version());
	else
		printf("nvvgpu %s\n", nvvgpu_version());
	return CLI_OK;
}

static int run_help(struct cli *cli)
{
	const char *name = word(cli, 0);
	const struct verb *verb = name ? verb_find(name) : NULL;
	const char *near = name ? verb_suggest(name) : NULL;
	struct text AUTO_TEXT next = TEXT_EMPTY;

	if (!name || verb)
		return help_print(cli, verb);
	text_add(&next, "nvvgpu help");
	if (near)
		text_addf(&next, " %s", near);
	return fail_usage(cli, text_get(&next), "there is no verb '%s'", name);
}

const struct verb verb_help = {
	.name = "help",
	.arguments = "[VERB]",
	.summary = "explain the command or one of its verbs",
	.max_words = 1,
	.run = run_help,
};
